"""creatio-api-py (GPL-3.0, run only as a program of its own): forms login, records, files.

Arguments: address, user, password, folder. Prints what it saw as one line of JSON.
"""

import json
import sys
from pathlib import Path

import requests
from creatio_api_py import CreatioODataAPI  # type: ignore[import-not-found]

address, user, password, folder = sys.argv[1:]
place = Path(folder)
saw: dict[str, object] = {}

api = CreatioODataAPI(base_url=address, cookies_file=place / "cookies.bin")
try:
    api.authenticate(user, "wrong")
except ValueError as refused:
    saw["wrong password"] = str(refused)
saw["login"] = api.authenticate(user, password).json()["Code"]
saw["cookies"] = sorted(api.session_cookies)
# A second client finds the kept cookies, and asks for a count to see whether they are still good.
again = CreatioODataAPI(base_url=address, cookies_file=place / "cookies.bin")
again.authenticate(user, password)
saw["calls of the second"] = again.api_calls

made = api.add_collection_data("Case", {"Subject": "Rear brake squeals"}).json()
case = made["Id"]
saw["number"] = made["Number"]
saw["only count"] = api.get_collection_data("Case", only_count=True).text
found = api.get_collection_data(
    "Case",
    count=True,
    top=5,
    select=["Id", "Subject"],
    expand=["Status($select=Name)"],
    filter="contains(Subject,'brake') and Status/Name eq 'New'",
    order_by="ModifiedOn desc",
).json()
saw["found"] = [(row["Subject"], row["Status"]["Name"]) for row in found["value"]]
saw["count"] = found["@odata.count"]
# It sends a dictionary as a form, which Creatio does not read: a text goes out as it is.
api.modify_collection_data("Case", case, json.dumps({"Notes": "Seen by a stranger"}))
saw["notes"] = api.get_collection_data("Case", record_id=case, value="Notes").text
try:
    api.modify_collection_data("Case", case, {"Notes": "x"})
except requests.HTTPError as refused:
    saw["form"] = getattr(refused.response, "status_code", None)

(place / "note.txt").write_bytes(b"pads are worn")
api.upload_file("CaseFile", case, place / "note.txt")
file = api.get_collection_data("CaseFile", filter=f"Case/Id eq {case}").json()["value"][0]
(place / "fetched").mkdir()
api.download_file("CaseFile", file["Id"], place / "fetched")
saw["file"] = (place / "fetched" / "note.txt").read_text("utf-8")

gone = api.add_collection_data("Case", {"Subject": "Opened by mistake"}).json()["Id"]
saw["deleted"] = api.delete_collection_data("Case", gone).status_code
saw["metadata"] = api.get_collection_data("$metadata").text.count("<EntityType ")
saw["case"] = case
print(json.dumps(saw))
