// Addresses, parcels and customs.
import assert from "node:assert/strict";
import { check, refused } from "../cases.mjs";
import { buyer, customsItem, declaration, parcel, sender, UNKNOWN } from "./bodies.mjs";

export async function goods({ sdk, client, token }) {
  await check("authentication: a wrong token is 401 before the body is looked at", async () => {
    for (const wrong of [`shippo_test_${"0".repeat(40)}`, "Bearer nonsense", "nonsense"]) {
      await refused(401, client(wrong).addresses.create(sender({ country: "nowhere" })), "detail");
    }
  });

  await check("authentication: a token is known in every form", async () => {
    for (const form of [token, `ShippoToken ${token}`, `Bearer ${token}`]) await client(form).addresses.list();
  });

  await check("addresses: created, retrieved and listed alike", async () => {
    const made = await sdk.addresses.create(sender({ metadata: "compat", name: "Πατάτα Ünïcode 山田" }));
    assert.deepEqual([made.name, made.phone, made.isComplete], ["Πατάτα Ünïcode 山田", "0015553419393", true]);
    assert.deepEqual(await sdk.addresses.get(made.objectId), made);
    assert.deepEqual((await sdk.addresses.list(1, 5)).results[0], made);
  });

  await check("addresses: an incomplete one is kept and says so", async () => {
    const made = await sdk.addresses.create({ country: "US", city: "San Francisco" });
    assert.equal(made.isComplete, false);
  });

  await check("addresses: validated into a new one", async () => {
    const made = await sdk.addresses.create(sender());
    const found = await sdk.addresses.validate(made.objectId);
    assert.equal(found.validationResults.isValid, true);
    assert.notEqual(found.objectId, made.objectId);
    const wrong = await sdk.addresses.create(sender({ validate: true, city: "Boston", state: "MA" }));
    assert.equal(wrong.validationResults.isValid, false);
    assert.ok(wrong.validationResults.messages.every(({ code, text, source }) => code && text && source));
  });

  await check("addresses: errors", async () => {
    await refused(400, sdk.addresses.create(sender({ country: "nowhere" })), "country");
    await refused(404, sdk.addresses.get(UNKNOWN), "Not found.");
    await refused(404, sdk.addresses.validate(UNKNOWN));
  });

  await check("parcels: created, retrieved and listed", async () => {
    const made = await sdk.parcels.create(parcel({ metadata: "compat" }));
    assert.deepEqual([Number(made.height), made.distanceUnit, made.massUnit], [4.5, "in", "lb"]);
    const found = await sdk.parcels.get(made.objectId);
    assert.deepEqual([found.objectId, found.metadata], [made.objectId, "compat"]);
    assert.deepEqual((await sdk.parcels.list(1, 1)).results, [found]);
  });

  await check("parcels: a carrier's template gives the dimensions", async () => {
    const template = "USPS_FlatRatePaddedEnvelope";
    const made = await sdk.parcels.create({ template, weight: "1", massUnit: "lb" });
    assert.deepEqual([made.template, Number(made.length)], [template, 12.5]);
  });

  await check("parcels: pages are walked without gaps or repeats", async () => {
    const made = [];
    for (let turn = 0; turn < 5; turn += 1) made.unshift((await sdk.parcels.create(parcel())).objectId);
    const seen = [];
    for (let page = 1, next = "first"; next && page < 100; page += 1) {
      const found = await sdk.parcels.list(page, 2);
      seen.push(...found.results.map(({ objectId }) => objectId));
      next = found.next;
    }
    assert.equal(new Set(seen).size, seen.length);
    assert.deepEqual(seen.slice(0, 5), made);
  });

  await check("parcels: errors", async () => {
    await refused(400, sdk.parcels.create(parcel({ weight: "heavy" })), "weight");
    await refused(404, sdk.parcels.get(UNKNOWN));
  });

  await check("customs items: created, retrieved and listed", async () => {
    const made = await sdk.customsItems.create(customsItem({ quantity: 3 }));
    assert.deepEqual([made.quantity, Number(made.valueAmount)], [3, 20]);
    assert.equal((await sdk.customsItems.get(made.objectId)).description, "Brass compass");
    assert.equal((await sdk.customsItems.list(1, 5)).results[0].objectId, made.objectId);
  });

  await check("customs declarations: created, retrieved and listed", async () => {
    const made = await sdk.customsDeclarations.create(
      declaration({
        items: [customsItem(), customsItem({ quantity: 2 })],
        addressImporter: buyer(),
        exporterIdentification: { eoriNumber: "PL123456790ABCDE", taxId: { number: "123456789", type: "VAT" } },
      }),
    );
    assert.deepEqual([made.certifySigner, made.incoterm, made.items.length], ["Alice Example", "DDP", 2]);
    const found = await sdk.customsDeclarations.get(made.objectId);
    assert.deepEqual(found.items, made.items);
    assert.deepEqual((await sdk.customsDeclarations.list(1, 5)).results[0], found);
  });

  await check("customs: errors", async () => {
    await refused(400, sdk.customsItems.create(customsItem({ netWeight: "abc" })), "net_weight");
    await refused(404, sdk.customsItems.get(UNKNOWN));
    await refused(400, sdk.customsDeclarations.create(declaration({ items: [] })), "items");
    await refused(404, sdk.customsDeclarations.get(UNKNOWN));
  });
}
