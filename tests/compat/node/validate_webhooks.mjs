// Gives every body of a JSON array on standard input to the official SDK's own check; a case is an event.
import assert from "node:assert/strict";
import { text } from "node:stream/consumers";
import { Shippo } from "shippo";
import { check } from "./cases.mjs";

const sdk = new Shippo({ apiKeyHeader: "shippo_test_unused" });
const headers = { "content-type": "application/json" };
const bodies = JSON.parse(await text(process.stdin));
// What only the right one of the SDK's three models finds in `data`; a batch's is a sentence.
const TELLS = { track: ({ trackingHistory }) => trackingHistory.length, batch: (data) => data.length, transaction: ({ objectId }) => objectId };
const eventOf = (body) => JSON.parse(body).event;

for (const event of new Set(bodies.map(eventOf))) {
  await check(event, async () => {
    for (const body of bodies.filter((candidate) => eventOf(candidate) === event)) {
      const found = await sdk.validateWebhook({ request: { body, method: "POST", url: "http://127.0.0.1/hook", headers } });
      assert.equal(found.event, event);
      assert.ok(TELLS[event.split("_")[0]](found.data), body);
    }
  });
}
