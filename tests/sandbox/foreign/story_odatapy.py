"""odatapy (Apache-2.0): reads $metadata into a model of its own, which types all that it sends and
gets; signs in by OAuth, expands, counts, batches and moves bytes.

Arguments: address, client id, client secret. Prints what it saw as one line of JSON.
"""

import json
import sys

from odatapy.client import (  # type: ignore[import-not-found]
    EdmEnabledODataClient,
    HttpxTransport,
    OAuth2ClientCredentialsAuth,
    ODataClientError,
)

address, client_id, secret = sys.argv[1:]
saw: dict[str, object] = {}

auth = OAuth2ClientCredentialsAuth(f"{address}/0/connect/token", client_id, secret)
client = EdmEnabledODataClient(f"{address}/0/odata", HttpxTransport(auth=auth))
saw["sets"] = len(client.get_service_document().entity_sets)
saw["typed"] = str(client.entity_set_type("Case").name)

made = client.create_entity("Case", {"Subject": "Damaged parcel"})
key = made.get_value("Id")
case = str(key)
saw["number"] = made.get_value("Number")
for title in ("First word", "Second word"):
    client.create_entity("Activity", {"Title": title, "CaseId": case})
where = client.entity_uri("Case", key)
client.update_entity(where, {"Notes": "Sent again"})
saw["notes"] = client.get_property_value(
    client.entity_uri("Case", key).append_property_segment("Notes")
)
asked = client.entity_set_uri("Case").filter("Subject eq 'Damaged parcel'")
asked = asked.select("Id", "Subject").count().top(3)
asked = asked.expand(
    "Status($select=Name)", "ActivityCollectionByCase($select=Title;$orderby=Title desc;$top=1)"
)
page = client.get_entity_set(asked)
row = page.entities[0]
saw["count"] = page.count
status = row.get_navigation_link("Status").inline_entity
saw["status"] = status.get_value("Name")
newest = row.get_navigation_link("ActivityCollectionByCase").inline_entity_set
saw["newest"] = [each.get_value("Title") for each in newest]
saw["number of cases"] = client.get_count(client.entity_set_uri("Case").append_count_segment())
walked = client.iter_entities(client.entity_set_uri("CaseStatus").orderby("Name"))
saw["statuses"] = [each.get_value("Name") for each in walked]

file = client.create_entity("CaseFile", {"Name": "lamp.bin", "CaseId": case}).get_value("Id")
stream = f"{address}/0/odata/CaseFile({file})/Data"
client.update_media_entity(stream, b"\x00\x01lamp")
saw["bytes"] = client.get_media(stream).content.hex()

batch = client.batch()
changes = batch.add_changeset()
changes.create("Contact", {"Name": "Olu Adeyemi"})
changes.create("Contact", {"Name": "Emre Kaya"})
saw["batch"] = [part.status_code for part in client.execute_batch(batch).responses]

try:
    client.create_entity("Case", {"UsrNope": 1})
except ODataClientError as refused:
    saw["unknown column"] = refused.status_code
client.delete_entity(client.entity_uri("CaseFile", file))
saw["case"] = case
print(json.dumps(saw, default=str))
