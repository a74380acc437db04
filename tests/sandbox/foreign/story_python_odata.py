"""python-odata (MIT): builds its classes from $metadata, then queries and saves through them.

Arguments: address, client id, client secret. Prints what it saw as one line of JSON.
"""

import json
import sys
from typing import Any

import requests
from odata import ODataService  # type: ignore[import-not-found]

address, client_id, secret = sys.argv[1:]
saw: dict[str, object] = {}

session = requests.Session()
grant = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": secret}
token = session.post(f"{address}/0/connect/token", data=grant, timeout=30).json()["access_token"]
session.headers["Authorization"] = f"Bearer {token}"

service = ODataService(
    f"{address}/0/odata/", session=session, reflect_entities=True, quiet_progress=True
)
saw["entities"] = len(service.entities)
entities: dict[str, Any] = service.entities
Case, Contact, Activity = entities["Case"], entities["Contact"], entities["Activity"]
saw["way back"] = hasattr(Case, "ActivityCollectionByCase")

contact = Contact()
contact.Name = "Ines Costa"
service.save(contact)
case = Case()
case.Subject = "Invoice: old VAT number"
service.save(case)
saw["number"] = case.Number

# A new record's lookups it sends as @odata.bind only, which is passed over: by a change they hold.
case.ContactId = contact.Id
case.Notes = "Corrected"
service.save(case)
query = service.query(Case)
query = query.filter(Case.Subject.contains("VAT")).order_by(Case.ModifiedOn.desc()).limit(5)
saw["found"] = [(row.Subject, row.Notes) for row in query.all()]
with_contact = service.query(Case).expand(Case.Contact).get(case.Id)
saw["lookup"] = with_contact.Contact.Name
activity = Activity()
activity.Title = "A question"
service.save(activity)
activity.CaseId = case.Id
service.save(activity)
case = service.query(Case).get(case.Id)
saw["followed back"] = [each.Title for each in case.ActivityCollectionByCase]
service.delete(activity)
saw["left"] = [row.Title for row in service.query(Activity).filter(Activity.Title == "A question")]
saw["case"] = str(case.Id)
print(json.dumps(saw))
