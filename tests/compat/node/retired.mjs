// The retired Node client (npm shippo 1.7.1). It sends a body with every GET, repeats the body of every POST in the
// query, stops at redirects, and wants a body of JSON with every answer.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { check, polled, refused, starts } from "./cases.mjs";

const require = createRequire(import.meta.url);
const { PORTSIDE_URL, PORTSIDE_TOKEN: token } = process.env;
const MISSING = "0".repeat(32);

const address = (changes = {}) => ({
  name: "Alice Example",
  street1: "215 Clayton St.",
  city: "San Francisco",
  state: "CA",
  zip: "94117",
  country: "US",
  phone: "+1 555 341 9393",
  email: "alice@example.com",
  ...changes,
});
const buyer = () => address({ name: "Carla Buyer", street1: "965 Mission St", zip: "94103" });
const parcel = () => ({ length: "5", width: "5", height: "5", distance_unit: "in", weight: 2, mass_unit: "lb" });
const shipment = () => ({ address_from: address(), address_to: buyer(), parcels: [parcel()], async: false });
const item = () => ({
  description: "Brass compass",
  quantity: "2",
  net_weight: "1",
  mass_unit: "lb",
  value_amount: "20",
  value_currency: "USD",
  origin_country: "US",
});
const at = (hours) => new Date(Date.now() + hours * 3_600_000).toISOString();

// A method of this client forgets its own path once it was called with other arguments, so cases take it fresh.
function fresh(given = token) {
  for (const key of Object.keys(require.cache)) delete require.cache[key];
  const { hostname, port } = new URL(PORTSIDE_URL);
  const made = require("shippo-legacy")(given);
  made.setHost(hostname, port, "http");
  return made;
}

const shippo = fresh();
const usps = (await shippo.carrieraccount.list({ carrier: "usps" })).results[0].object_id;

async function bought() {
  const { rates } = await shippo.shipment.create({ ...shipment(), carrier_accounts: [usps] });
  return shippo.transaction.create({ rate: rates[0].object_id, label_file_type: "PDF", async: false });
}

await check("authentication: a wrong token, in both schemes", async () => {
  await refused(401, fresh(`shippo_test_${"0".repeat(40)}`).address.create(address()));
  await refused(401, fresh({ oauthToken: "oauth.nonsense" }).address.list());
});

await check("address: created, retrieved, validated and listed", async () => {
  const made = await shippo.address.create(address());
  assert.deepEqual(await shippo.address.retrieve(made.object_id), made);
  assert.equal((await shippo.address.validate(made.object_id)).validation_results.is_valid, true);
  assert.equal((await shippo.address.list({ results: 2, page: 1 })).results.length, 2);
  await refused(400, shippo.address.create({ name: "x" }), "country");
  await refused(404, shippo.address.retrieve(MISSING), "Not found.");
});

await check("parcel and customs: created, retrieved and listed", async () => {
  const box = await shippo.parcel.create(parcel());
  assert.equal((await shippo.parcel.retrieve(box.object_id)).object_id, box.object_id);
  assert.equal((await shippo.parcel.list()).results[0].object_id, box.object_id);
  const made = await shippo.customsitem.create(item());
  assert.equal((await shippo.customsitem.retrieve(made.object_id)).quantity, 2);
  const declaration = await shippo.customsdeclaration.create({
    contents_type: "MERCHANDISE",
    non_delivery_option: "ABANDON",
    certify: true,
    certify_signer: "Alice Example",
    items: [item(), item()],
  });
  assert.equal((await shippo.customsdeclaration.retrieve(declaration.object_id)).items.length, 2);
  await shippo.customsdeclaration.list();
  await shippo.customsitem.list();
});

await check("shipment: created, retrieved, listed and rated", async () => {
  const made = await shippo.shipment.create(shipment());
  assert.equal(made.status, "SUCCESS");
  assert.equal((await shippo.shipment.retrieve(made.object_id)).rates.length, made.rates.length);
  assert.equal((await shippo.shipment.list({ results: 1 })).results[0].object_id, made.object_id);
  assert.equal((await fresh().shipment.rates(made.object_id)).results.length, made.rates.length);
  const euros = (await fresh().shipment.rates(made.object_id, "EUR")).results;
  assert.ok(euros.every(({ currency_local }) => currency_local === "EUR"));
  assert.equal((await shippo.rate.retrieve(made.rates[0].object_id)).amount, made.rates[0].amount);
});

await check("transaction: bought, retrieved and listed", async () => {
  const label = await bought();
  assert.equal(label.status, "SUCCESS");
  await starts(label.label_url, "%PDF-");
  assert.equal((await shippo.transaction.retrieve(label.object_id)).tracking_number, label.tracking_number);
  assert.equal((await shippo.transaction.list({ results: 1 })).results[0].object_id, label.object_id);
  await refused(400, shippo.transaction.create({ rate: MISSING }), "rate");
});

await check("order: created, retrieved and listed", async () => {
  const line = { title: "Demo magazine", quantity: 1, total_price: "12.10", currency: "USD", weight: "0.40", weight_unit: "lb" };
  const made = await shippo.order.create({
    to_address: buyer(),
    line_items: [line],
    placed_at: at(0),
    order_number: "#1068",
    weight: "0.40",
    weight_unit: "lb",
  });
  assert.equal((await shippo.order.retrieve(made.object_id)).line_items.length, 1);
  assert.equal((await shippo.order.list()).results[0].object_id, made.object_id);
});

await check("carrier account: created, changed and retrieved", async () => {
  const given = { carrier: "fedex", account_id: `compat${Date.now()}`, parameters: { meter: "123456" }, test: true };
  const made = await shippo.carrieraccount.create({ ...given, active: true });
  const changed = await shippo.carrieraccount.update(made.object_id, { ...given, active: false });
  assert.equal(changed.active, false);
  assert.equal((await shippo.carrieraccount.retrieve(made.object_id)).active, false);
});

await check("track: by number, and registered", async () => {
  const found = await shippo.track.get_status("shippo", "SHIPPO_DELIVERED");
  assert.equal(found.tracking_status.status, "DELIVERED");
  const registered = await shippo.track.create({ carrier: "shippo", tracking_number: "SHIPPO_TRANSIT" });
  assert.equal(registered.tracking_status.status, "TRANSIT");
  await refused(400, shippo.track.get_status("nobody", "1"), "Carrier with name 'nobody' is not supported.");
  await refused(404, shippo.track.get_status("shippo", "NO_SUCH_NUMBER"));
});

await check("refund, manifest and pickup", async () => {
  const [kept, returned] = [await bought(), await bought()];
  const refund = await shippo.refund.create({ transaction: returned.object_id, async: false });
  assert.equal((await shippo.refund.retrieve(refund.object_id)).transaction, returned.object_id);
  assert.equal((await shippo.refund.list()).results[0].object_id, refund.object_id);
  const location = { building_location_type: "Knock on Door", address: address() };
  const transactions = [kept.object_id];
  const times = { requested_start_time: at(24), requested_end_time: at(30) };
  const pickup = await shippo.pickup.create({ carrier_account: usps, location, transactions, ...times, is_test: false });
  assert.equal(pickup.status, "CONFIRMED");
  const given = { carrier_account: usps, shipment_date: at(0), address_from: address(), transactions, async: false };
  const manifest = await shippo.manifest.create(given);
  assert.equal(manifest.status, "SUCCESS");
  assert.deepEqual((await shippo.manifest.retrieve(manifest.object_id)).transactions, transactions);
  assert.equal((await shippo.manifest.list()).results[0].object_id, manifest.object_id);
});

await check("batch: put together, changed and bought with a body of {}", async () => {
  const row = { shipment: shipment() };
  const made = await shippo.batch.create({
    default_carrier_account: usps,
    default_servicelevel_token: "usps_priority",
    label_filetype: "PDF_4x6",
    batch_shipments: [row, row],
  });
  const done = ({ status }) => ["VALID", "INVALID", "PURCHASED"].includes(status);
  const settled = () => polled(() => fresh().batch.retrieve(made.object_id), done);
  assert.equal((await settled()).status, "VALID");
  const filtered = await fresh().batch.retrieve(made.object_id, "1", "creation_succeeded");
  assert.equal(filtered.batch_shipments.results.length, 2);
  const { object_id } = await shippo.shipment.create(shipment());
  const added = await shippo.batch.add(made.object_id, [{ shipment: object_id }]);
  assert.equal(added.batch_shipments.results.length, 3);
  await settled();
  await shippo.batch.remove(made.object_id, [added.batch_shipments.results[0].object_id]);
  assert.equal((await settled()).batch_shipments.results.length, 2);
  assert.equal((await shippo.batch.purchase(made.object_id)).status, "PURCHASING");
  const bought_ = await settled();
  assert.deepEqual([bought_.status, bought_.object_results.purchase_succeeded], ["PURCHASED", 2]);
  await refused(404, shippo.batch.purchase(MISSING));
});
