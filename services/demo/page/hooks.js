import { askNode } from "./gateway-http.js";
import { NODES, otherNode } from "./nodes.js";
import { SseFeed } from "./sse-feed.js";
import { StateView } from "./state-view.js";
import { TokenSource } from "./token.js";

const CHANNELS = "hooks.payments,hooks.ci";
/** EventSource tells of a named event only those who ask for the name. */
const EVENTS = ["payment_intent.succeeded", "push"];
const SHOWN = 5;
/** Until an endpoint that fails twice has taken a payment, and a little longer, in ms. */
const WATCHED = 10_000;
const WATCH_INTERVAL = 500;

const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "medium", hourCycle: "h23" });
const section = document.getElementById("hooks");
const list = section.querySelector(".arrivals");
const attempts = section.querySelector(".attempts");
const counts = section.querySelector(".counts");
const answer = section.querySelector(".answer");
const problem = section.querySelector(".problem");
const state = new StateView(section.querySelector(".state"), { brief: true });
const tokens = new TokenSource("guest");
const here = Math.max(0, document.getElementById("node").selectedIndex);
let received = 0;
let watchUntil = 0;
let watching = false;

const feed = new SseFeed({
  nodes: NODES,
  channel: CHANNELS,
  tokens,
  events: EVENTS,
  onState: (next) => state.show(next),
  onMessage: (message) => show(message),
});
feed.open(otherNode(here));
addEventListener("online", () => feed.retryNow());
for (const button of section.querySelectorAll("button[data-sender]")) {
  button.addEventListener("click", () => void send(button));
}

/** Has the backend play the third party, through whichever node answers. */
async function send(button) {
  button.disabled = true;
  const reply = await askBackend("demo.callback", { sender: button.dataset.sender });
  button.disabled = false;
  if (reply.ok) {
    const { sender, status } = reply.body.data;
    answer.textContent = `${sender} was answered with ${status}`;
    problem.textContent = "";
  } else {
    problem.textContent = `Nothing was sent: ${reply.reason}.`;
  }
}

/** Through whichever node answers. */
async function askBackend(method, data) {
  let reply;
  for (const { url } of NODES) {
    const token = await tokens.get().catch(() => undefined);
    reply = await askNode(`${url}/v1/request`, { token, body: { method, data } });
    if (reply.ok) {
      break;
    }
  }
  return reply;
}

/** Looks at the attempts for a while. */
async function watchAttempts() {
  watchUntil = Date.now() + WATCHED;
  if (watching) {
    return;
  }
  watching = true;
  while (Date.now() < watchUntil) {
    const reply = await askBackend("demo.attempts", {});
    if (reply.ok) {
      attempts.replaceChildren(...reply.body.data.attempts.slice(-SHOWN).reverse().map(attemptLine));
    }
    await new Promise((resolve) => setTimeout(resolve, WATCH_INTERVAL));
  }
  watching = false;
}

function attemptLine({ attempt, status, outcome, at, retryAt }) {
  const words = status === undefined ? outcome : `answered with ${status}`;
  const next = retryAt === undefined ? "" : `, again at ${clock.format(new Date(retryAt))}`;
  return line(`#${attempt}`, `${words}${next}`, at);
}

function show({ channel, data, time }) {
  received += 1;
  counts.textContent = `${received} received`;
  const item = line(channel === "hooks.payments" ? "€" : "↑", describe(channel, data), time);
  item.className = "new";
  list.prepend(item);
  if (list.childElementCount > SHOWN) {
    list.lastElementChild.remove();
  }
  if (channel === "hooks.payments") {
    void watchAttempts();
  }
}

function line(sign, words, time) {
  const item = document.createElement("li");
  const kind = document.createElement("span");
  kind.className = "notice-number";
  kind.textContent = sign;
  const text = document.createElement("span");
  text.className = "notice-text";
  text.textContent = words;
  text.title = words;
  const when = document.createElement("time");
  when.dateTime = new Date(time).toISOString();
  when.textContent = clock.format(new Date(time));
  item.append(kind, text, when);
  return item;
}

/** What a third party sends may be anything; it is shown as text, whatever it is. */
function describe(channel, data) {
  const payment = data?.data?.object;
  if (channel === "hooks.payments" && typeof payment?.amount === "number") {
    return `${(payment.amount / 100).toFixed(2)} ${String(payment.currency).toUpperCase()} for ${payment.description}`;
  }
  if (channel === "hooks.ci" && typeof data?.ref === "string") {
    return `${data.repository?.full_name}: ${data.head_commit?.message ?? data.ref}`;
  }
  return JSON.stringify(data);
}
