// Carrier accounts, managed accounts and webhook subscriptions. Finds the account's USPS account for the other parts.
import assert from "node:assert/strict";
import { randomUUID } from "node:crypto";
import { check, refused } from "../cases.mjs";
import { UNKNOWN } from "./bodies.mjs";

const BACK = "http://127.0.0.1:9/back";

export async function accounts(world) {
  const { sdk } = world;
  await check("carrier accounts: everybody has USPS and UPS", async () => {
    const { results } = await sdk.carrierAccounts.list({ results: 100 });
    const carriers = results.map(({ carrier }) => carrier);
    assert.ok(carriers.includes("usps") && carriers.includes("ups"));
    const [usps, ...others] = (await sdk.carrierAccounts.list({ carrier: "usps", serviceLevels: true })).results;
    assert.deepEqual(others, []);
    assert.ok(usps.serviceLevels.some(({ token }) => token === "usps_priority"));
    assert.equal((await sdk.carrierAccounts.get(usps.objectId)).isShippoAccount, true);
    world.usps = usps.objectId;
  });

  await check("carrier accounts: an own account is connected, switched on and signed in", async () => {
    const accountId = `compat${randomUUID().slice(0, 8)}`;
    const parameters = { accountNumber: "94567e", password: "a secret of ours" };
    const own = await sdk.carrierAccounts.create({ carrier: "ups", accountId, active: false, test: true, parameters });
    assert.equal(own.isShippoAccount, false);
    assert.ok(!JSON.stringify(own).includes("a secret of ours"));
    const changed = await sdk.carrierAccounts.update(own.objectId, { accountId, carrier: "ups", active: true });
    assert.equal(changed.active, true);
    const { headers } = await sdk.carrierAccounts.initiateOauth2Signin(own.objectId, BACK, "s1");
    assert.match(headers.location[0], /^http/);
  });

  await check("carrier accounts: a platform account is registered", async () => {
    const made = await sdk.carrierAccounts.register({
      carrier: "dhl_express",
      parameters: { userAcceptedTermsAndConditions: true },
    });
    assert.deepEqual([made.carrier, made.isShippoAccount], ["dhl_express", true]);
    await sdk.carrierAccounts.getRegistrationStatus("ups");
  });

  await check("carrier accounts: errors", async () => {
    await refused(404, sdk.carrierAccounts.get(UNKNOWN));
    const nobody = { carrier: "nobody", accountId: "x", parameters: {} };
    await refused(400, sdk.carrierAccounts.create(nobody), "carrier");
    const error = await sdk.carrierAccounts.initiateOauth2Signin(UNKNOWN, BACK).catch((thrown) => thrown);
    assert.ok(error.title && error.detail, String(error));
  });

  await check("shippo accounts: created, changed and listed", async () => {
    const given = {
      email: `paula-${randomUUID().slice(0, 8)}@example.com`,
      firstName: "Paula",
      lastName: "Partner",
      companyName: "Paula's Platform",
    };
    const made = await sdk.shippoAccounts.create(given);
    assert.equal(made.firstName, "Paula");
    const changed = await sdk.shippoAccounts.update(made.objectId, { ...given, firstName: "Renamed" });
    assert.deepEqual([changed.objectId, changed.firstName], [made.objectId, "Renamed"]);
    assert.deepEqual(await sdk.shippoAccounts.get(made.objectId), changed);
    assert.deepEqual((await sdk.shippoAccounts.list(1, 25)).results[0], changed);
    await refused(400, sdk.shippoAccounts.create({ ...given, email: "not an e-mail" }), "email");
    await refused(404, sdk.shippoAccounts.get(UNKNOWN));
  });

  await check("webhooks: subscribed, changed and ended", async () => {
    const given = { url: BACK, event: "transaction_created", active: false, isTest: true };
    const made = await sdk.webhooks.createWebhook(given);
    assert.deepEqual([made.url, made.event], [BACK, "transaction_created"]);
    assert.equal((await sdk.webhooks.getWebhook(made.objectId)).url, BACK);
    const { results } = await sdk.webhooks.listWebhooks();
    assert.ok(results.some(({ objectId }) => objectId === made.objectId));
    const changed = await sdk.webhooks.updateWebhook({ ...given, event: "track_updated" }, made.objectId);
    assert.equal(changed.event, "track_updated");
    await sdk.webhooks.deleteWebhook(made.objectId);
    await refused(404, sdk.webhooks.getWebhook(made.objectId));
    await refused(400, sdk.webhooks.createWebhook({ ...given, url: "not a url" }), "url");
  });

  await check("webhooks: a receiver is subscribed to what the SDK can validate", async () => {
    for (const event of ["transaction_created", "transaction_updated", "track_updated", "batch_created", "batch_purchased"]) {
      await sdk.webhooks.createWebhook({ url: world.receiver, event, active: true, isTest: true });
    }
  });
}
