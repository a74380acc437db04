// @odata/client (MIT): filters and entity sets. o.js (MIT): the same in its own manner.
// Arguments: address, client id, client secret. Prints what it saw as one line of JSON.
"use strict"

const [address, clientId, secret] = process.argv.slice(2)
const saw = {}

async function signIn() {
  const form = new URLSearchParams({
    grant_type: "client_credentials", client_id: clientId, client_secret: secret,
  })
  const answer = await fetch(`${address}/0/connect/token`, { method: "POST", body: form })
  return { Authorization: `Bearer ${(await answer.json()).access_token}` }
}

async function withOdataClient(headers) {
  const { OData, EdmV4 } = require("@odata/client")
  const client = OData.New4({
    serviceEndpoint: `${address}/0/odata/`,
    metadataUri: `${address}/0/odata/$metadata`,
    processCsrfToken: false,
    commonHeaders: headers,
  })
  const cases = client.getEntitySet("Case")
  const made = await cases.create({ Subject: "Later delivery" })
  const id = EdmV4.Guid.from(made.Id)
  saw.number = made.Number
  const filter = client.newFilter().property("Subject").eq("Later delivery")
  const found = await cases.query(client.newParam().filter(filter).select(["Subject"]).top(5))
  saw.found = found.map(row => row.Subject)
  await cases.update(id, { Notes: "Next Monday" })
  saw.notes = (await cases.retrieve(id)).Notes
  saw.count = await cases.count()
  await cases.delete(id)
  saw.left = (await cases.query(client.newParam().filter(filter))).length
}

async function withO(headers) {
  const { o } = require("o.js")
  const root = o(`${address}/0/odata/`, {
    headers: { ...headers, "Content-Type": "application/json" },
  })
  const made = await root.post("Contact", { Name: "Mei-Ling Chen" }).query()
  saw.contact = made.Name
  await root.patch(`Contact(${made.Id})`, { Phone: "+49 30 1234567" }).query()
  const found = await root.get("Contact").query({
    $filter: "startswith(Name,'Mei')", $select: "Name,Phone", $expand: "Owner($select=Name)",
  })
  saw.phones = found.map(row => [row.Phone, row.Owner.Name])
  saw.deleted = (await root.delete(`Contact(${made.Id})`).query()).status
}

signIn()
  .then(async headers => { await withOdataClient(headers); await withO(headers) })
  .then(() => console.log(JSON.stringify(saw)))
  .catch(failure => { console.error(failure); process.exitCode = 1 })
