// The little behaviour that HTML and htmx lack: theme, keyboard, picking rows, dialogs, menus, toasts, copying, hearing news.
// Everything is delegated from the document and driven by data attributes, so swapped-in fragments need no set-up.

const all = (selector, root = document) => [...root.querySelectorAll(selector)];
const one = (selector, root = document) => root.querySelector(selector);

/** Runs `handler(element, event)` when `event` of `type` comes from inside an element matching `selector`. */
function on(type, selector, handler) {
  document.addEventListener(type, (event) => {
    const element = event.target instanceof Element ? event.target.closest(selector) : null;
    if (element) handler(element, event);
  });
}

// Theme: theme.js applies the stored choice before the first paint; here it is changed.
const THEME = "portside-theme";

function stored() {
  try {
    return localStorage.getItem(THEME) ?? "";
  } catch {
    return "";
  }
}

function showTheme() {
  for (const button of all("[data-theme-set]")) {
    button.setAttribute("aria-pressed", String(button.dataset.themeSet === stored()));
  }
}

on("click", "[data-theme-set]", (button) => {
  const theme = button.dataset.themeSet;
  try {
    if (theme) localStorage.setItem(THEME, theme);
    else localStorage.removeItem(THEME);
  } catch {
    // Storage refused: the choice then holds for this page only.
  }
  if (theme) document.documentElement.dataset.theme = theme;
  else delete document.documentElement.dataset.theme;
  showTheme();
});

// Toasts. The server sends one with `HX-Trigger: {"toast": {"kind": "success", "text": "…"}}` or as a fragment for #toasts.
const TONES = { success: "good", warning: "wait", error: "bad", info: "" };
const TOAST_SECONDS = 6;

// Answers that htmx does not swap in (see `noSwap` in layout.html); a form with errors (422) names its own place.
const FORM_ERRORS = 422;
const FAILURES = {
  400: "That did not work. Reload the page and try again.",
  401: "You are signed out. Reload the page to sign in.",
  403: "You may not do this.",
  404: "This is no longer there. Reload the page.",
  429: "Too many requests. Wait a moment and try again.",
  500: "Something went wrong. Nothing was changed; try again.",
};

function settle(toast) {
  if (toast.dataset.toast === "error" || toast.dataset.timed) return;
  toast.dataset.timed = "true";
  setTimeout(() => toast.remove(), TOAST_SECONDS * 1000);
}

function say(kind, text) {
  // A part that polls may fail again and again; saying it once is enough.
  if (all("[data-toast]").some((toast) => one("p", toast)?.textContent === text)) return;
  const toast = document.createElement("div");
  toast.className = "toast";
  toast.dataset.toast = kind;
  toast.dataset.tone = TONES[kind] ?? "";
  const words = document.createElement("p");
  words.className = "min-w-0 flex-1 py-px";
  words.textContent = text;
  const close = document.createElement("button");
  close.type = "button";
  close.className = "btn btn-xs btn-ghost btn-square";
  close.dataset.toastClose = "";
  close.setAttribute("aria-label", "Dismiss");
  close.textContent = "×";
  toast.append(words, close);
  one("#toasts")?.append(toast);
  settle(toast);
}

on("click", "[data-toast-close]", (button) => button.closest("[data-toast]").remove());
document.addEventListener("toast", (event) => say(event.detail.kind ?? "info", event.detail.text ?? ""));
document.addEventListener("htmx:error", () => say("error", "Portside did not answer. Check the connection and try again."));
document.addEventListener("htmx:response:error", (event) => {
  const { status } = event.detail.ctx.response.raw;
  if (status !== FORM_ERRORS) say("error", FAILURES[status] ?? (status >= 500 ? FAILURES[500] : FAILURES[400]));
});

// Dialogs.
const openDialog = (id) => document.getElementById(id)?.showModal();

on("click", "[data-dialog-open]", (opener) => {
  opener.closest("details[data-menu]")?.removeAttribute("open");
  openDialog(opener.dataset.dialogOpen);
});
on("click", "[data-dialog-close]", (button) => button.closest("dialog").close());
on("pointerdown", "dialog", (dialog, event) => {
  if (event.target === dialog) dialog.close();
});

/** Asks in the app's own dialog; resolves to true when confirmed. */
function ask(text) {
  const dialog = one("#confirm");
  one("[data-confirm-text]", dialog).textContent = text;
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}

on("click", "[data-confirm-yes]", (button) => button.closest("dialog").close("yes"));
on("submit", "form[data-confirm]", async (form, event) => {
  if (form.dataset.confirmed) return;
  event.preventDefault();
  if (await ask(form.dataset.confirm)) {
    form.dataset.confirmed = "true";
    form.requestSubmit(event.submitter);
  }
});
document.addEventListener("htmx:confirm", async (event) => {
  event.preventDefault();
  if (await ask(event.detail.ctx.confirm)) event.detail.issueRequest();
  else event.detail.dropRequest();
});

// Plain forms show that they are being sent, and are sent once; a form that answers with a file frees itself.
const BUSY_SECONDS = 8;

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (event.defaultPrevented || form.method === "dialog") return;
  if (form.getAttribute("aria-busy") === "true") event.preventDefault();
  else if (!form.matches("[target], [hx-get], [hx-post]")) {
    form.setAttribute("aria-busy", "true");
    setTimeout(() => form.removeAttribute("aria-busy"), BUSY_SECONDS * 1000);
  }
});
window.addEventListener("pageshow", () => all("form[aria-busy]").forEach((form) => form.removeAttribute("aria-busy")));

// Menus are <details>: one open at a time, closed by a click elsewhere.
const openMenus = () => all("details[data-menu][open]");

document.addEventListener("click", (event) => {
  for (const menu of openMenus()) if (!menu.contains(event.target)) menu.removeAttribute("open");
});

// Copying. Without https the clipboard interface is missing; selecting a scratch field still works.
async function copy(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text);
  const scratch = document.createElement("textarea");
  scratch.value = text;
  document.body.append(scratch);
  scratch.select();
  document.execCommand("copy");
  scratch.remove();
}

on("click", "[data-copy]", async (button) => {
  await copy(button.dataset.copy);
  say("success", "Copied.");
});

// A tab that is half out of view counts as seen for browsers, which then leave it there when it is focused.
document.addEventListener("focusin", ({ target }) => {
  if (target.closest(".tabline")) target.scrollIntoView({ block: "nearest", inline: "nearest" });
});

// Rows: j and k move between them, x picks; shift picks the range since the last pick.
let here = null;
let lastPick = null;

const rows = () => all("[data-rows] [data-row]");
const boxes = () => all("[data-pick]");
const rowOf = (element) => element?.closest?.("[data-row]") ?? null;

function move(step) {
  const list = rows();
  if (!list.length) return;
  const current = list.indexOf(rowOf(document.activeElement) ?? here);
  here = list[Math.min(Math.max(current + step, 0), list.length - 1)];
  const target = one("[data-row-link]", here) ?? one("a, button, summary, input", here);
  target?.focus();
  here.scrollIntoView({ block: "nearest" });
}

function showPicked() {
  const list = boxes();
  const count = list.filter((box) => box.checked).length;
  const bar = one("[data-picked-bar]");
  if (bar) {
    bar.hidden = count === 0;
    one("[data-picked-count]", bar).textContent = count;
  }
  const master = one("[data-pick-all]");
  if (master) {
    master.checked = count > 0 && count === list.length;
    master.indeterminate = count > 0 && count < list.length;
  }
}

/** Sets one box, or with `range` every box from the last one set to this one. */
function pick(box, checked, range) {
  const list = boxes();
  const from = range && lastPick?.isConnected ? list.indexOf(lastPick) : list.indexOf(box);
  const [first, last] = [from, list.indexOf(box)].sort((a, b) => a - b);
  for (const each of list.slice(first, last + 1)) each.checked = checked;
  lastPick = box;
  showPicked();
}

on("click", "[data-pick]", (box, event) => pick(box, box.checked, event.shiftKey));
on("change", "[data-pick-all]", (master) => {
  for (const box of boxes()) box.checked = master.checked;
  showPicked();
});

function pickNone() {
  for (const box of boxes()) box.checked = false;
  lastPick = null;
  showPicked();
}

on("click", "[data-pick-none]", pickNone);

function pickHere(range) {
  const row = rowOf(document.activeElement) ?? here;
  const box = row?.isConnected ? one("[data-pick]", row) : null;
  if (box) pick(box, range ? true : !box.checked, range);
}

// Keyboard. Letters act only while nothing is being typed and no dialog is open.
const typing = (element) => element.matches("input:not([type=checkbox], [type=radio]), textarea, select, [contenteditable]");

const KEYS = {
  "/": () => one("[data-search]")?.focus(),
  "?": () => openDialog("help"),
  j: () => move(1),
  k: () => move(-1),
  x: () => pickHere(false),
  X: () => pickHere(true),
};

function dismiss() {
  const menus = openMenus();
  if (menus.length) {
    one("summary", menus[0]).focus();
    for (const menu of menus) menu.removeAttribute("open");
  } else if (typing(document.activeElement)) {
    document.activeElement.blur();
  } else {
    pickNone();
  }
}

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || one("dialog[open]")) return;
  if (event.key === "Escape") return dismiss();
  const act = typing(event.target) ? null : KEYS[event.key];
  if (act) {
    event.preventDefault();
    act();
  }
});

// Parcel presets fill the fields of their form; typing a size by hand makes it "own size" again.
on("change", "[data-preset]", (select) => {
  const { value, dataset } = select.selectedOptions[0];
  if (!value) return;
  // namedItem, because `elements.length` is the number of elements and not our field.
  for (const [name, size] of Object.entries(dataset)) select.form.elements.namedItem(name).value = size;
});
on("input", "[data-preset-form] :is([name=length], [name=width], [name=height], [name=distance_unit])", (field) => {
  const own = one('[data-preset] option[value=""]', field.form);
  if (own) own.selected = true;
});

// The button that buys names the price of the chosen rate.
function showPrices(root) {
  for (const form of all("[data-rates]", root)) {
    const price = one("[name=rate]:checked", form)?.dataset.price;
    one("[data-rate-price]", form).textContent = price ? ` · ${price}` : "";
  }
}

on("change", "[data-rates] [name=rate]", () => showPrices(document));

// The button that buys many labels names their number, and their price where that is one sum.
function showSums(root) {
  for (const form of all("[data-bulk]", root)) {
    const total = one("[data-bulk-total]", form);
    if (!total) continue;
    const chosen = all("select[name^=rate_]", form).map((select) => select.selectedOptions[0]).filter(({ value }) => value);
    const currencies = new Set(chosen.map(({ dataset }) => dataset.currency));
    const sum = chosen.reduce((before, { dataset }) => before + Number(dataset.amount), 0);
    const money = currencies.size === 1 && new Intl.NumberFormat(undefined, { style: "currency", currency: [...currencies][0] });
    one("[data-bulk-count]", form).textContent = chosen.length === 1 ? "1 label" : `${chosen.length} labels`;
    total.textContent = money ? ` · ${money.format(sum)}` : "";
    total.closest("button").disabled = !chosen.length;
  }
}

on("change", "[data-bulk] select", () => showSums(document));

// Times are rendered in UTC; the tooltip tells them in the reader's zone.
function localTimes(root) {
  for (const time of all("time[data-when]", root)) {
    time.title = new Date(time.dateTime).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
  }
}

// Live parts: what carries data-live asks for itself anew when it hears of one of its events (see macros/live.html).
const LIVE_PAUSE = 700;
// Id of a part that has just asked → whether it is to ask once more after the pause.
const resting = new Map();
// Parts that heard of something while the tab was hidden.
const missed = new Set();

const concerns = ({ dataset }, news) =>
  news.some(([name, id]) => dataset.live.split(" ").includes(name) && (!dataset.liveOf || dataset.liveOf === id));

function freshen(part) {
  const { id } = part;
  if (resting.has(id)) return resting.set(id, true);
  resting.set(id, false);
  setTimeout(() => {
    const again = resting.get(id);
    resting.delete(id);
    const same = document.getElementById(id);
    if (again && same?.dataset.live) freshen(same);
  }, LIVE_PAUSE);
  part.dispatchEvent(new Event("live"));
}

function hear({ kind, news }) {
  for (const part of all("[data-live]")) {
    if (kind === "news" && !concerns(part, news)) continue;
    if (document.hidden) missed.add(part.id);
    else freshen(part);
  }
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  for (const id of missed) {
    const part = document.getElementById(id);
    if (part?.dataset.live) freshen(part);
  }
  missed.clear();
});

/** Without a shared line, a tab holds one of its own while it is looked at. */
async function listenAlone(url, script) {
  const { Line } = await import(script);
  const line = new Line(url, (kind, news) => hear({ kind, news }));
  const follow = () => (document.hidden ? line.close() : line.open());
  document.addEventListener("visibilitychange", follow);
  window.addEventListener("pagehide", () => line.close());
  follow();
}

function listen(url, script) {
  if (!window.SharedWorker) return listenAlone(url, script);
  // The address is one session's in one mode: tabs that look at something else share another worker.
  const worker = new SharedWorker(script, { name: url, type: "module" });
  const join = () => worker.port.postMessage({ url });
  worker.addEventListener("error", () => listenAlone(url, script), { once: true });
  worker.port.onmessage = ({ data }) => hear(data);
  window.addEventListener("pagehide", () => worker.port.postMessage({}));
  window.addEventListener("pageshow", (event) => event.persisted && join());
  join();
}

const { liveUrl, liveScript } = document.body.dataset;
if (liveUrl) listen(liveUrl, liveScript);

function refresh() {
  showTheme();
  showPicked();
  showPrices(document);
  showSums(document);
  localTimes(document);
  all("[data-toast]").forEach(settle);
}

document.addEventListener("htmx:after:swap", refresh);
refresh();
// A row of tabs that is wider than a phone shows where one is.
all(".tabline [aria-current]").forEach((tab) => {
  const row = tab.parentElement;
  row.scrollLeft = tab.offsetLeft - row.offsetLeft - (row.clientWidth - tab.offsetWidth) / 2;
});
const reopened = one("[data-open-dialog]");
if (reopened) openDialog(reopened.dataset.openDialog);
