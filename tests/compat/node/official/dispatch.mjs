// What is done with labels: refunds, manifests, pickups and batches.
import assert from "node:assert/strict";
import { check, polled, refused, starts } from "../cases.mjs";
import { bought, later, moment, sender, shipment, UNKNOWN } from "./bodies.mjs";

export async function dispatch(world) {
  const { sdk, usps } = world;
  await check("refunds: a label is refunded once", async () => {
    const label = await bought(world);
    const refund = await sdk.refunds.create({ transaction: label.objectId, async: false });
    assert.deepEqual([refund.transaction, refund.status], [label.objectId, "QUEUED"]);
    assert.equal((await sdk.refunds.get(refund.objectId)).transaction, label.objectId);
    assert.equal((await sdk.refunds.list({})).results[0].objectId, refund.objectId);
    const again = sdk.refunds.create({ transaction: label.objectId });
    await refused(400, again, "Refund with this Transaction already exists.");
    const { status } = await sdk.transactions.get(label.objectId);
    assert.ok(["REFUNDPENDING", "REFUNDED"].includes(status), status);
    await refused(400, sdk.refunds.create({ transaction: UNKNOWN }), "transaction");
    await refused(404, sdk.refunds.get(UNKNOWN));
  });

  await check("manifests: labels are closed out", async () => {
    const label = await bought(world);
    const here = await sdk.addresses.create(sender());
    const given = { carrierAccount: usps, shipmentDate: moment(), addressFrom: here.objectId, async: false };
    const made = await sdk.manifests.create({ ...given, transactions: [label.objectId] });
    assert.deepEqual([made.status, made.addressFrom, made.transactions], ["SUCCESS", here.objectId, [label.objectId]]);
    await starts(made.documents[0], "%PDF-");
    assert.deepEqual((await sdk.manifests.get(made.objectId)).transactions, [label.objectId]);
    assert.equal((await sdk.manifests.list(1, 5)).results[0].objectId, made.objectId);
    await refused(400, sdk.manifests.create({ ...given, addressFrom: UNKNOWN }), "address_from");
    await refused(404, sdk.manifests.get(UNKNOWN));
  });

  await check("pickups: confirmed", async () => {
    const label = await bought(world);
    const given = {
      carrierAccount: usps,
      location: { address: sender(), buildingLocationType: "Knock on Door" },
      transactions: [label.objectId],
      requestedStartTime: later(24),
      requestedEndTime: later(32),
    };
    const made = await sdk.pickups.create(given);
    assert.deepEqual([made.status, made.transactions], ["CONFIRMED", [label.objectId]]);
    const past = { ...given, requestedStartTime: later(-720), requestedEndTime: later(-700) };
    await refused(400, sdk.pickups.create(past), "requested_end_time");
  });

  await batches(world);
}

async function batches({ sdk, usps }) {
  const row = (changes = {}) => ({ shipment: shipment(), ...changes });
  const settled = (id) =>
    polled(() => sdk.batches.get(id, 1, 100), ({ status }) => !["VALIDATING", "PURCHASING"].includes(status));
  const metadata = ({ batchShipments }) => batchShipments.results.map((entry) => entry.metadata);
  const given = {
    defaultCarrierAccount: usps,
    defaultServicelevelToken: "usps_priority",
    labelFiletype: "PDF_4x6",
    batchShipments: [row({ metadata: "one" }), row({ metadata: "two" })],
  };

  await check("batches: put together, changed and bought", async () => {
    const made = await sdk.batches.create(given);
    assert.deepEqual([made.status, metadata(made)], ["VALIDATING", ["one", "two"]]);
    assert.equal((await settled(made.objectId)).status, "VALID");
    const added = await sdk.batches.addShipments([row({ metadata: "three" })], made.objectId);
    assert.deepEqual(metadata(added), ["one", "two", "three"]);
    await settled(made.objectId);
    const left = await sdk.batches.removeShipments([added.batchShipments.results[0].objectId], made.objectId);
    assert.deepEqual(metadata(left), ["two", "three"]);
    await settled(made.objectId);
    assert.equal((await sdk.batches.purchase(made.objectId)).status, "PURCHASING");
    const done = await settled(made.objectId);
    assert.deepEqual([done.status, done.objectResults.purchaseSucceeded], ["PURCHASED", 2]);
    assert.ok(done.batchShipments.results.every(({ transaction }) => transaction));
    await starts(done.labelUrl[0], "%PDF-");
  });

  await check("batches: errors", async () => {
    await refused(400, sdk.batches.create({ ...given, defaultCarrierAccount: UNKNOWN }), "default_carrier_account");
    await refused(404, sdk.batches.get(UNKNOWN));
    await refused(404, sdk.batches.addShipments([row()], UNKNOWN));
    await refused(404, sdk.batches.removeShipments([UNKNOWN], UNKNOWN));
    await refused(404, sdk.batches.purchase(UNKNOWN));
  });
}
