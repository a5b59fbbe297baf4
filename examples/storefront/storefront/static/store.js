// Keeps open pages up to date, and helps on the way through the connect page. Every page works without it, too.

// A page with data-changes asks now and then for a number; when it has grown, the page is loaded once more and the
// parts marked data-live are put in place of the old ones.
async function lookForChanges() {
  const { changes, version } = document.body.dataset;
  const answer = await fetch(changes);
  if (!answer.ok) return;
  const latest = String((await answer.json()).version);
  if (latest === version) return;
  const fresh = new DOMParser().parseFromString(await (await fetch(location.href)).text(), "text/html");
  for (const part of document.querySelectorAll("[data-live]")) {
    const replacement = fresh.getElementById(part.id);
    if (replacement && replacement.outerHTML !== part.outerHTML) part.replaceWith(replacement);
  }
  document.body.dataset.version = fresh.body.dataset.version;
}

async function keepLooking() {
  for (;;) {
    await new Promise((done) => setTimeout(done, 1500));
    if (!document.hidden) await lookForChanges().catch(() => {}); // the next look may succeed
  }
}

if (document.body.dataset.changes) keepLooking();

// Back from Portside: send the form of come_back.html on.
document.querySelector("form[data-send]")?.submit();

document.querySelector("a[data-popup]")?.addEventListener("click", (event) => {
  if (window.open(event.target.href, "portside-connect", "popup,width=520,height=760")) event.preventDefault();
});

// Connected, in a popup or a frame: say only that it is done; whatever is secret stays on the server.
if (document.querySelector("[data-connected]")) {
  const dashboard = window.opener ?? (window.parent !== window ? window.parent : null);
  dashboard?.postMessage("connected", location.origin);
  if (window.opener) window.close();
}

addEventListener("message", (event) => {
  if (event.origin === location.origin && event.data === "connected") location.assign("/dashboard/connect");
});
