// The official SDK for TypeScript, every operation of it, against the server of PORTSIDE_URL.
import assert from "node:assert/strict";
import { Shippo } from "shippo";
import { HTTPClient } from "shippo/lib/http.js";
import { check } from "../cases.mjs";
import { accounts } from "./accounts.mjs";
import { checkout } from "./checkout.mjs";
import { dispatch } from "./dispatch.mjs";
import { goods } from "./goods.mjs";
import { shipping } from "./shipping.mjs";

const { PORTSIDE_URL: url, PORTSIDE_TOKEN: token, RECEIVER_URL: receiver } = process.env;
// Redirects stay visible, so that the address of a sign-in can be read.
const httpClient = new HTTPClient({ fetcher: (input, init) => fetch(input, { ...init, redirect: "manual" }) });
const called = new Set();

function client(apiKeyHeader) {
  return new Shippo({ apiKeyHeader, serverURL: url, httpClient });
}

// The resource of an SDK, but its calls are noted.
function noting(name, resource) {
  return new Proxy(resource, {
    get(target, key) {
      called.add(`${name}.${String(key)}`);
      const found = target[key];
      return typeof found === "function" ? found.bind(target) : found;
    },
  });
}

function resources(sdk) {
  const getters = Object.entries(Object.getOwnPropertyDescriptors(Object.getPrototypeOf(sdk)));
  return getters.filter(([, descriptor]) => descriptor.get).map(([name]) => name);
}

const plain = client(token);
const sdk = Object.fromEntries(resources(plain).map((name) => [name, noting(name, plain[name])]));
const world = { sdk, client, url, token, receiver };

for (const part of [goods, accounts, shipping, dispatch, checkout]) await part(world);

await check("sdk: every operation was called", () => {
  const operations = resources(plain).flatMap((name) =>
    Object.getOwnPropertyNames(Object.getPrototypeOf(plain[name]))
      .filter((operation) => operation !== "constructor")
      .map((operation) => `${name}.${operation}`),
  );
  assert.equal(operations.length, 70);
  assert.deepEqual(operations.filter((operation) => !called.has(operation)), []);
});
