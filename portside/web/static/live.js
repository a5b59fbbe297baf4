// The stream of what happens: one per browser. This file is a SharedWorker, which holds it for all tabs, and a module:
// where there are no SharedWorkers, app.js holds a line in each visible tab.

// The server says something at least every 15 seconds; after this long without a word the line is dead.
const SILENCE = 40_000;
const FIRST_WAIT = 5_000;
const LONGEST_WAIT = 300_000;

/** Calls `tell(kind, news)`: "hello" (heard from now on), "news" ([[event, object id, seq], …]), "reset" (look at everything). */
export class Line {
  isOpen = false;
  #source = null;
  #last = "";
  #timer = 0;
  #wait = FIRST_WAIT;

  constructor(url, tell) {
    this.url = url;
    this.tell = tell;
  }

  open() {
    this.close();
    // Only a line that breaks is resumed by the browser itself; one that we open again says where it was.
    this.#source = new EventSource(this.#last ? `${this.url}?since=${this.#last}` : this.url);
    for (const kind of ["hello", "news", "reset", "beat"]) {
      this.#source.addEventListener(kind, (event) => this.#hear(kind, event));
    }
    this.#source.onerror = () => this.#lose();
    this.#again(SILENCE);
  }

  close() {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.isOpen = false;
  }

  #hear(kind, { data, lastEventId }) {
    this.isOpen = true;
    this.#last = lastEventId;
    this.#wait = FIRST_WAIT;
    this.#again(SILENCE);
    if (kind !== "beat") this.tell(kind, JSON.parse(data));
  }

  #lose() {
    this.isOpen = false;
    // Unless it was refused, the browser comes back by itself.
    if (this.#source.readyState !== EventSource.CLOSED) return;
    this.#again(this.#wait);
    this.#wait = Math.min(this.#wait * 2, LONGEST_WAIT);
  }

  #again(milliseconds) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.open(), milliseconds);
  }
}

if (typeof SharedWorkerGlobalScope !== "undefined" && self instanceof SharedWorkerGlobalScope) {
  const tabs = new Set();
  let line = null;

  const tellAll = (kind, news) => {
    for (const tab of tabs) tab.postMessage({ kind, news });
  };

  const join = (tab, url) => {
    tabs.add(tab);
    if (!line) {
      line = new Line(url, tellAll);
      line.open();
    } else if (line.isOpen) {
      tab.postMessage({ kind: "hello", news: [] });
    }
  };

  const leave = (tab) => {
    tabs.delete(tab);
    if (tabs.size) return;
    line?.close();
    line = null;
  };

  self.addEventListener("connect", ({ ports: [tab] }) => {
    tab.onmessage = ({ data }) => (data.url ? join(tab, data.url) : leave(tab));
  });
}
