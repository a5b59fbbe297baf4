// Shipments, rates, labels, orders and tracks.
import assert from "node:assert/strict";
import { check, polled, refused, starts } from "../cases.mjs";
import { bought, buyer, buyerAbroad, declaration, moment, order, parcel, sender, shipment, UNKNOWN } from "./bodies.mjs";

const ids = (found) => found.map(({ objectId }) => objectId);

export async function shipping(world) {
  await shipments(world);
  await rates(world);
  await transactions(world);
  await orders(world);
  await tracks(world);
}

async function shipments(world) {
  const { sdk } = world;
  await check("shipments: made of what exists already", async () => {
    const here = await sdk.addresses.create(sender());
    const there = await sdk.addresses.create(buyer());
    const box = await sdk.parcels.create(parcel());
    const made = await sdk.shipments.create({
      addressFrom: here.objectId,
      addressTo: there.objectId,
      parcels: [box.objectId],
      async: false,
    });
    assert.deepEqual([made.status, made.addressTo.objectId, made.addressReturn.objectId], ["SUCCESS", there.objectId, here.objectId]);
    assert.deepEqual(ids(made.parcels), [box.objectId]);
    world.rated = made;
  });

  await check("shipments: abroad with customs and extras", async () => {
    const extra = {
      insurance: { amount: "200", currency: "USD", content: "compasses" },
      signatureConfirmation: "STANDARD",
      reference1: "r1",
    };
    const made = await sdk.shipments.create(
      shipment({ addressTo: buyerAbroad(), customsDeclaration: declaration(), extra, metadata: "compat" }),
    );
    assert.ok(made.customsDeclaration.objectId);
    assert.deepEqual([Number(made.extra.insurance.amount), made.extra.reference1, made.metadata], [200, "r1", "compat"]);
  });

  await check("shipments: an asynchronous one is polled", async () => {
    const made = await sdk.shipments.create(shipment({ async: true }));
    const found = await polled(() => sdk.shipments.get(made.objectId), ({ status }) => status === "SUCCESS");
    assert.ok(found.rates.length > 0);
  });

  await check("shipments: listed with a page token, and by date", async () => {
    for (let turn = 0; turn < 2; turn += 1) await sdk.shipments.create(shipment());
    const first = await sdk.shipments.list({ page: 1, results: 2 });
    const pageToken = new URL(first.next).searchParams.get("page_token");
    const second = await sdk.shipments.list({ pageToken, page: 2, results: 2 });
    assert.equal(new Set([...ids(first.results), ...ids(second.results)]).size, 4);
    assert.deepEqual((await sdk.shipments.list({ objectCreatedGt: moment(24) })).results, []);
    const window = { objectCreatedGte: moment(-24), objectCreatedLte: moment(24), results: 100 };
    assert.ok(ids((await sdk.shipments.list(window)).results).includes(world.rated.objectId));
  });

  await check("shipments: errors", async () => {
    await refused(400, sdk.shipments.create(shipment({ parcels: [] })), "parcels");
    await refused(400, sdk.shipments.create(shipment({ addressFrom: UNKNOWN })), "address_from");
    await refused(404, sdk.shipments.get(UNKNOWN));
  });
}

async function rates(world) {
  const { sdk } = world;
  await check("rates: offered, compared, retrieved and listed", async () => {
    const { rated } = world;
    assert.deepEqual([...new Set(rated.rates.map(({ provider }) => provider))].sort(), ["UPS", "USPS"]);
    const attributes = new Set(rated.rates.flatMap((rate) => rate.attributes));
    assert.deepEqual([...attributes].sort(), ["BESTVALUE", "CHEAPEST", "FASTEST"]);
    assert.equal((await sdk.rates.get(rated.rates[0].objectId)).amount, rated.rates[0].amount);
    const listed = await sdk.rates.listShipmentRates(rated.objectId, 1, 100);
    assert.deepEqual(ids(listed.results).sort(), ids(rated.rates).sort());
  });

  await check("rates: in another currency", async () => {
    const request = { shipmentId: world.rated.objectId, currencyCode: "EUR" };
    const { results } = await sdk.rates.listShipmentRatesByCurrencyCode(request);
    assert.ok(results.length > 0 && results.every(({ currencyLocal }) => currencyLocal === "EUR"));
    await refused(400, sdk.rates.listShipmentRatesByCurrencyCode({ ...request, currencyCode: "XXQ" }));
  });

  await check("rates: errors", async () => {
    await refused(404, sdk.rates.get(UNKNOWN));
    await refused(404, sdk.rates.listShipmentRates(UNKNOWN));
  });
}

async function transactions(world) {
  const { sdk } = world;
  await check("transactions: a label is bought once and downloaded", async () => {
    const rate = world.rated.rates.find(({ provider }) => provider === "USPS").objectId;
    const label = await sdk.transactions.create({ rate, async: false, labelFileType: "PDF_4x6", metadata: "compat" });
    assert.deepEqual([label.status, label.rate, label.metadata], ["SUCCESS", rate, "compat"]);
    await starts(label.labelUrl, "%PDF-");
    assert.equal((await sdk.transactions.create({ rate, async: false })).objectId, label.objectId);
    assert.equal((await sdk.transactions.get(label.objectId)).trackingNumber, label.trackingNumber);
    assert.deepEqual(ids((await sdk.transactions.list({ rate })).results), [label.objectId]);
    world.label = label;
  });

  await check("transactions: the SDK's default is asynchronous", async () => {
    const made = await sdk.shipments.create(shipment());
    const label = await sdk.transactions.create({ rate: made.rates[0].objectId });
    const read = () => sdk.transactions.get(label.objectId);
    assert.ok((await polled(read, ({ status }) => status === "SUCCESS")).labelUrl);
  });

  await check("transactions: in one call, with the rate told", async () => {
    const request = { carrierAccount: world.usps, servicelevelToken: "usps_ground_advantage", shipment: shipment() };
    const label = await sdk.transactions.create({ ...request, async: false });
    assert.deepEqual([label.status, label.rate.servicelevelToken, label.rate.provider], ["SUCCESS", "usps_ground_advantage", "USPS"]);
    await refused(400, sdk.transactions.create({ ...request, servicelevelToken: "no_such_service" }));
  });

  await check("transactions: filtered", async () => {
    const failed = await sdk.transactions.list({ objectStatus: "ERROR", trackingStatus: "DELIVERED" });
    assert.deepEqual(failed.results, []);
    await refused(400, sdk.transactions.create({ rate: UNKNOWN }), "rate");
    await refused(404, sdk.transactions.get(UNKNOWN));
  });
}

async function orders(world) {
  const { sdk } = world;
  await check("orders: created, retrieved, listed and filtered", async () => {
    const made = await sdk.orders.create(order());
    assert.deepEqual([made.orderStatus, made.totalPrice, made.transactions], ["PAID", "24.93", []]);
    assert.equal((await sdk.orders.get(made.objectId)).lineItems[0].sku, "DM-123");
    const [first] = (await sdk.orders.list({ orderStatus: ["PAID", "UNKNOWN"] })).results;
    assert.deepEqual([first.objectId, first.fromAddress.country, first.fromAddress.street1], [made.objectId, "US", "215 Clayton St"]);
    assert.deepEqual((await sdk.orders.list({ orderStatus: ["REFUNDED"] })).results, []);
    assert.deepEqual((await sdk.orders.list({ startDate: moment(720), endDate: moment(744) })).results, []);
    assert.deepEqual((await sdk.orders.list({ shopApp: "Shopify" })).results, []);
    world.order = made;
  });

  await check("orders: a label ships one", async () => {
    const { rates: offered } = await sdk.shipments.create(shipment());
    await sdk.transactions.create({ rate: offered[0].objectId, order: world.order.objectId, async: false });
    const found = await sdk.orders.get(world.order.objectId);
    // The SDK has no fields for what an order tells of its labels, but it counts them.
    assert.deepEqual([found.orderStatus, found.transactions.length], ["SHIPPED", 1]);
  });

  await check("orders: errors", async () => {
    await refused(400, sdk.orders.create(order({ toAddress: buyer({ country: "nowhere" }) })), "to_address");
    await refused(404, sdk.orders.get(UNKNOWN));
  });
}

async function tracks(world) {
  const { sdk } = world;
  await check("tracks: mock numbers have their status", async () => {
    for (const status of ["PRE_TRANSIT", "TRANSIT", "DELIVERED", "RETURNED", "FAILURE", "UNKNOWN"]) {
      const track = await sdk.trackingStatus.get(`SHIPPO_${status}`, "shippo");
      assert.deepEqual([track.trackingStatus.status, track.trackingHistory.at(-1).status], [status, status]);
    }
  });

  await check("tracks: registered, and those of labels", async () => {
    const given = { carrier: "shippo", trackingNumber: "SHIPPO_TRANSIT", metadata: "order 1" };
    assert.equal((await sdk.trackingStatus.create(given)).metadata, "order 1");
    const unknown = await sdk.trackingStatus.create({ carrier: "usps", trackingNumber: "9205590164917312751089" });
    assert.deepEqual([unknown.trackingStatus, unknown.trackingHistory], [undefined, []]);
    const label = await bought(world);
    assert.equal((await sdk.trackingStatus.get(label.trackingNumber, "usps")).transaction, label.objectId);
    await scanned(world, label.trackingNumber);
    const { status } = (await sdk.trackingStatus.get(label.trackingNumber, "usps")).trackingStatus;
    assert.ok(["PRE_TRANSIT", "TRANSIT"].includes(status), status);
  });

  await check("tracks: errors", async () => {
    await refused(404, sdk.trackingStatus.get("NO_SUCH_NUMBER", "shippo"));
    await refused(400, sdk.trackingStatus.get("123", "nobody"), "Carrier with name 'nobody' is not supported.");
    await refused(400, sdk.trackingStatus.create({ carrier: "nobody", trackingNumber: "123" }), "carrier");
  });
}

// Lets the simulated carrier scan the parcel.
async function scanned({ url, token }, trackingNumber) {
  const answer = await fetch(`${url}/simulator/advance`, {
    method: "POST",
    headers: { authorization: `ShippoToken ${token}`, "content-type": "application/json" },
    body: JSON.stringify({ to_next_scan: true, tracking_number: trackingNumber }),
  });
  assert.ok(answer.ok, await answer.text());
}
