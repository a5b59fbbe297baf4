// Runs cases one after another and prints a line of JSON for each; tests/compat/cases.py makes test reports of them.
import assert from "node:assert/strict";

export async function check(name, work) {
  let error = null;
  try {
    await work();
  } catch (thrown) {
    error = told(thrown);
  }
  console.log(JSON.stringify({ name, error }));
}

// The promise is rejected for an answer with this status whose body says all that.
export async function refused(status, promise, ...said) {
  const error = await promise.then(() => assert.fail("it was accepted"), (thrown) => thrown);
  assert.equal(error.statusCode, status, told(error));
  const body = error.body ?? error.detail;
  for (const text of said) assert.ok(body.includes(text), `${text} is not in ${body}`);
}

// What `read` gives once `done` of it is true; asked again and again, as people poll.
export async function polled(read, done) {
  for (let turn = 0; turn < 1200; turn += 1) {
    const found = await read();
    if (done(found)) return found;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return assert.fail("it never came to that");
}

export async function starts(url, text) {
  const answer = await fetch(url);
  assert.equal(answer.status, 200);
  assert.ok((await answer.text()).startsWith(text), `${url} does not start with ${text}`);
}

function told(thrown) {
  const parts = [thrown.stack ?? String(thrown), thrown.body ?? thrown.detail];
  if (typeof thrown.pretty === "function") parts.unshift(thrown.pretty());
  return parts.filter(Boolean).join("\n").slice(0, 3000);
}
