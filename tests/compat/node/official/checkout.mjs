// Parcel templates, service groups and rates at checkout.
import assert from "node:assert/strict";
import { check, refused } from "../cases.mjs";
import { lineItem, sender, UNKNOWN } from "./bodies.mjs";

const BOX = { name: "My box", length: "6", width: "3", height: "9", distanceUnit: "in", weight: "12", weightUnit: "lb" };

export async function checkout({ sdk, usps }) {
  await check("parcel templates: those of carriers", async () => {
    const { results } = await sdk.carrierParcelTemplates.list(undefined, "usps");
    assert.ok(results.length > 0 && results.every(({ carrier }) => carrier.toLowerCase() === "usps"));
    assert.equal((await sdk.carrierParcelTemplates.get(results[0].token)).token, results[0].token);
    await refused(404, sdk.carrierParcelTemplates.get("NoSuchTemplate"));
  });

  await check("parcel templates: own ones", async () => {
    const made = await sdk.userParcelTemplates.create(BOX);
    assert.equal((await sdk.userParcelTemplates.get(made.objectId)).name, "My box");
    const { results } = await sdk.userParcelTemplates.list({});
    assert.ok(results.some(({ objectId }) => objectId === made.objectId));
    const changed = await sdk.userParcelTemplates.update(made.objectId, { ...BOX, name: "My bigger box", length: "7" });
    assert.deepEqual([changed.name, Number(changed.length)], ["My bigger box", 7]);
    await sdk.userParcelTemplates.delete(made.objectId);
    await refused(404, sdk.userParcelTemplates.get(made.objectId));
    const flat = await sdk.userParcelTemplates.create({ template: "USPS_FlatRatePaddedEnvelope", weight: "1", weightUnit: "lb" });
    assert.equal(flat.template.token, "USPS_FlatRatePaddedEnvelope");
    await sdk.userParcelTemplates.delete(flat.objectId);
  });

  await check("service groups and rates at checkout", async () => {
    const given = {
      name: "In a few days",
      description: "compat",
      type: "LIVE_RATE",
      flatRate: "5",
      flatRateCurrency: "USD",
      rateAdjustment: 15,
      serviceLevels: [{ accountObjectId: usps, serviceLevelToken: "usps_priority" }],
    };
    const group = await sdk.serviceGroups.create(given);
    assert.deepEqual((await sdk.serviceGroups.list({})).map(({ objectId }) => objectId), [group.objectId]);
    const changed = await sdk.serviceGroups.update({ ...given, objectId: group.objectId, isActive: true, description: "changed" });
    assert.equal(changed.description, "changed");
    await offered(sdk, given.name);
    await sdk.serviceGroups.delete(group.objectId);
    await refused(404, sdk.serviceGroups.delete(group.objectId));
    const strangers = [{ accountObjectId: UNKNOWN, serviceLevelToken: "usps_priority" }];
    await refused(400, sdk.serviceGroups.create({ ...given, serviceLevels: strangers }));
  });
}

async function offered(sdk, title) {
  const cart = { addressFrom: sender(), addressTo: sender({ zip: "94132" }), lineItems: [lineItem()] };
  const parcel = { length: "10", width: "15", height: "10", distanceUnit: "in", weight: "1", massUnit: "lb" };
  const { results } = await sdk.ratesAtCheckout.create({ ...cart, parcel });
  assert.deepEqual(results.map((offer) => offer.title), [title]);
  const box = await sdk.userParcelTemplates.create(BOX);
  await sdk.ratesAtCheckout.updateDefaultParcelTemplate({ objectId: box.objectId });
  assert.equal((await sdk.ratesAtCheckout.getDefaultParcelTemplate({})).result.objectId, box.objectId);
  assert.deepEqual((await sdk.ratesAtCheckout.create(cart)).results.map((offer) => offer.title), [title]);
  await sdk.ratesAtCheckout.deleteDefaultParcelTemplate({});
  assert.equal((await sdk.ratesAtCheckout.getDefaultParcelTemplate({})).result, undefined);
}
