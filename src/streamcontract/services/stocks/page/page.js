// Shows the stream of one symbol: its steps in place, its results as cards.
import { drawCharts } from "./chart.js";

const TICK = 100; // milliseconds between two looks at the clock
const STATUS_WORDS = {
  pending: "to come",
  in_progress: "under way",
  success: "done",
  failed: "failed",
  stopped: "not finished",
};
const ACTIONS = {
  idle: [],
  running: ["stop"],
  reconnecting: ["stop"],
  complete: ["to-report"],
  failed: ["again"],
  refused: ["again"],
  stopped: ["again"],
};
const ENDED = ["success", "failed"];
const UNENDED = { complete: "success", failed: "failed" }; // what is under way at the end of a run was only stopped else
const STAGE_WORDS = {
  validating: "looking the symbol up",
  downloading_data: "downloading the data",
  analyzing: "analysing the data",
};

const byId = (id) => document.getElementById(id);
const [main, form, cards, again] = [document.querySelector("main"), byId("form"), byId("cards"), byId("again")];
const keyOf = (element) => `${element.dataset.stage}/${element.dataset.substage ?? ""}`;
const rows = new Map([...document.querySelectorAll(".step")].map((row) => [keyOf(row), row]));
const steps = [...rows.values()].filter((row) => row.dataset.substage);
const policy = globalThis.trustedTypes?.createPolicy("fragments", { createHTML: (text) => text });

let run = null; // what is shown: {symbol, url, source, began, opened, times, question}
let followed = null; // the query that is shown
let waiting = 0; // the timer of a refusal's wait

// --- the address -----------------------------------------------------------------------------------------------------

function asked() {
  const query = new URLSearchParams(location.search);
  const symbol = (query.get("symbol") ?? "").trim();
  return { symbol, isMock: query.has("mock"), delay: query.get("delay_ms") ?? "100" };
}

function addressOf({ symbol, isMock, delay }) {
  const query = new URLSearchParams(isMock ? { symbol, delay_ms: delay } : { symbol });
  return `${isMock ? "stream/mock" : "stream"}?${query}`;
}

/** Does what the address says, and fills the form by it. */
function follow() {
  followed = location.search;
  const wanted = asked();
  form.elements.symbol.value = wanted.symbol;
  if (form.elements.mock) {
    form.elements.mock.checked = wanted.isMock;
    form.elements.delay_ms.value = wanted.delay;
  }
  if (wanted.symbol) {
    start(wanted.symbol.toUpperCase(), addressOf(wanted));
  } else {
    forget();
    show("idle", "Enter a symbol to begin.");
  }
}

function submit(event) {
  event.preventDefault();
  form.elements.symbol.value = form.elements.symbol.value.trim().toUpperCase();
  const fields = [...new FormData(form)].filter(([name]) => name !== "delay_ms" || form.elements.mock.checked);
  history.pushState(null, "", `?${new URLSearchParams(fields)}`);
  follow();
}

// --- a run -----------------------------------------------------------------------------------------------------------

function start(symbol, url) {
  forget();
  document.title = `${symbol} · Stocks`;
  const source = new EventSource(url);
  const current = { symbol, url, source, began: performance.now(), opened: false, times: new Map(), question: null };
  current.clock = setInterval(() => tell(current), TICK);
  run = current;
  source.onopen = () => connected(current);
  source.onmessage = (event) => receive(current, event.data);
  source.onerror = () => lost(current);
  source.addEventListener("complete", () => complete(current));
  source.addEventListener("stream_error", (event) => finish(current, "failed", event.data));
  show("running", `Analysing ${symbol}.`);
}

/** Forgets what was shown, and ends what is under way. */
function forget() {
  if (run) close(run);
  run = null;
  cancelWait();
  cards.replaceChildren();
  for (const row of rows.values()) mark(row, "pending", "", "");
  byId("elapsed").textContent = "";
  document.title = "Stocks: a live analysis";
  count();
}

function close(current) {
  current.source.close();
  current.question?.abort();
  clearInterval(current.clock);
}

function finish(current, state, sentence) {
  tell(current);
  close(current);
  for (const row of rows.values()) {
    if (row.dataset.status === "in_progress") mark(row, UNENDED[state] ?? "stopped");
  }
  show(state, sentence);
}

function complete(current) {
  for (const row of steps) {
    if (!("old" in row.dataset)) continue;
    current.times.delete(keyOf(row));
    mark(row, "pending", "", "");
  }
  for (const card of cards.querySelectorAll("[data-old]")) card.remove();
  count();
  const failed = steps.filter((row) => row.dataset.status === "failed").length;
  const but = failed ? `; ${failed} of ${steps.length} steps failed` : "";
  finish(current, "complete", `The analysis of ${current.symbol} is complete${but}.`);
}

/** The stream is open. When it was before, too, all is told again: what is shown is old until it comes. */
function connected(current) {
  if (current.opened) {
    for (const row of rows.values()) row.toggleAttribute("data-old", row.dataset.status !== "pending");
    for (const card of cards.children) card.dataset.old = "";
    current.stage = null;
    show("running", `Connected again. Analysing ${current.symbol}.`);
  }
  current.opened = true;
}

/** The connection is lost, which the browser mends by itself; or the server has refused, for which it gives up. */
function lost(current) {
  if (current.source.readyState === EventSource.CONNECTING) {
    show("reconnecting", "Connection lost; trying again…");
  } else {
    ask(current);
  }
}

// --- steps and cards -------------------------------------------------------------------------------------------------

/** The element in a fragment. It is parsed inert: nothing in it is loaded or run. */
function parse(data) {
  const html = policy ? policy.createHTML(data) : data;
  return new DOMParser().parseFromString(html, "text/html").querySelector(".workspace-entry");
}

function receive(current, data) {
  const entry = parse(data);
  const row = entry && rows.get(keyOf(entry));
  if (!row || !Object.hasOwn(STATUS_WORDS, entry.dataset.status)) return; // of a newer server, perhaps
  advance(current, row, entry);
  if (entry.querySelector(".card")) place(entry);
}

function advance(current, row, entry) {
  const { status } = entry.dataset;
  const key = keyOf(row);
  const times = current.times.get(key);
  const isNew = !times || times.ended || "old" in row.dataset;
  if (isNew) current.times.set(key, { began: performance.now() });
  if (ENDED.includes(status)) current.times.get(key).ended = performance.now();
  mark(row, status, textOf(entry, row));
  if (row.dataset.stage !== "starting") beginStage(current, row.dataset.stage);
  if (status === "failed") show("running", `${labelOf(row)} failed: ${textOf(entry, row)}`);
  count();
  tell(current);
}

/** What an entry says, without saying the step's name again. */
function textOf(entry, row) {
  const text = (entry.querySelector(".summary") ?? entry).textContent.trim();
  return text === `${labelOf(row)} …` ? "" : text;
}

const labelOf = (row) => row.querySelector(".label").textContent;

function beginStage(current, stage) {
  const begun = rows.get("starting/");
  if (begun.dataset.status === "in_progress") mark(begun, "success");
  if (current.stage === stage) return;
  current.stage = stage;
  if (stage in STAGE_WORDS) show("running", `${current.symbol}: ${STAGE_WORDS[stage]}.`);
}

/** Shows how far a step is; without a text, the old one stays. */
function mark(row, status, text, time) {
  row.dataset.status = status;
  delete row.dataset.old;
  row.querySelector("use").setAttribute("href", `#mark-${status}`);
  row.querySelector(".state").textContent = `, ${STATUS_WORDS[status]}`;
  if (text !== undefined) row.querySelector(".text").textContent = text;
  if (time !== undefined) row.querySelector(".time").textContent = time;
}

/** Counts the steps that have ended, in all and in each stage. */
function count() {
  const hasEnded = (row) => ENDED.includes(row.dataset.status);
  byId("done").value = steps.filter(hasEnded).length;
  for (const [key, row] of rows) {
    const own = steps.filter((step) => `${step.dataset.stage}/` === key);
    if (!own.length) continue;
    const ended = own.filter(hasEnded).length;
    const begun = own.some((step) => step.dataset.status !== "pending");
    if (ended === own.length) mark(row, "success");
    else if (begun) mark(row, "in_progress");
    row.querySelector(".time").textContent = `${ended} of ${own.length}`;
  }
}

/** A result: in the place of the one that was there before, or behind the last. */
function place(entry) {
  const before = [...cards.children].find((card) => keyOf(card) === keyOf(entry));
  const card = document.importNode(entry, true);
  if (before) before.replaceWith(card);
  else cards.append(card);
  if (card.dataset.substage === "generating_investment_report") card.id = "report";
  drawCharts(card);
}

// --- times -----------------------------------------------------------------------------------------------------------

function written(milliseconds) {
  const seconds = milliseconds / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  return `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`;
}

function tell(current) {
  const now = performance.now();
  byId("elapsed").textContent = written(now - current.began);
  for (const row of steps) {
    const times = current.times.get(keyOf(row));
    if (times) row.querySelector(".time").textContent = written((times.ended ?? now) - times.began);
  }
}

// --- states ----------------------------------------------------------------------------------------------------------

function show(state, sentence) {
  main.dataset.state = state;
  if (byId("status").textContent !== sentence) byId("status").textContent = sentence;
  const offered = ACTIONS[state].map(byId);
  const wasFocused = document.activeElement?.closest(".actions");
  for (const action of document.querySelectorAll(".actions > *")) action.hidden = !offered.includes(action);
  if (wasFocused) (offered[0] ?? form.elements.symbol).focus();
}

/** Why the stream was refused: an EventSource does not tell, so that we ask once more by ourselves. */
async function ask(current) {
  const question = (current.question = new AbortController());
  const headers = { Accept: "application/problem+json, text/event-stream;q=0.5" }; // without the second: always 406
  try {
    const answer = await fetch(current.url, { headers, signal: question.signal });
    const isProblem = answer.headers.get("Content-Type")?.startsWith("application/problem+json");
    const problem = isProblem ? await answer.json() : {};
    if (question.signal.aborted) return;
    finish(current, "refused", sentence(problem)); // which ends the question, too
    wait(Number(answer.headers.get("Retry-After")));
  } catch {
    if (!question.signal.aborted) finish(current, "refused", "The server cannot be reached.");
  }
}

/** What a problem says; for a text that is no symbol, what one is like says more than a pattern. */
function sentence(problem) {
  const { validity, title } = form.elements.symbol;
  const why = problem.detail || problem.title || "the server did not answer with a stream";
  const text = validity.patternMismatch ? title : why;
  return `${text[0].toUpperCase()}${text.slice(1).replace(/\.$/, "")}.`;
}

/** Keeps the button for so many seconds. */
function wait(seconds) {
  if (!(seconds > 0)) return;
  const until = performance.now() + seconds * 1000;
  const look = () => {
    const left = Math.ceil((until - performance.now()) / 1000);
    if (left <= 0) {
      cancelWait();
      show("refused", "You can try again now.");
      return;
    }
    again.textContent = `Try again in ${left} s`;
  };
  again.disabled = true;
  waiting = setInterval(look, 250);
  look();
}

function cancelWait() {
  clearInterval(waiting);
  again.disabled = false;
  again.textContent = "Try again";
}

form.addEventListener("submit", submit);
byId("stop").addEventListener("click", () => finish(run, "stopped", `The analysis of ${run.symbol} was stopped.`));
again.addEventListener("click", () => start(run.symbol, run.url));
addEventListener("popstate", () => location.search === followed || follow()); // a link to #report is no other page
follow();
