import { askNode } from "./gateway-http.js";
import { NODES, otherNode } from "./nodes.js";
import { SseFeed } from "./sse-feed.js";
import { StateView } from "./state-view.js";
import { TokenSource } from "./token.js";

const CHANNELS = "hooks.payments,hooks.ci";
/** EventSource tells of a named event only those who ask for the name. */
const EVENTS = ["payment_intent.succeeded", "push"];
const SHOWN = 5;

const clock = new Intl.DateTimeFormat(undefined, { timeStyle: "medium", hourCycle: "h23" });
const section = document.getElementById("hooks");
const list = section.querySelector(".notices");
const counts = section.querySelector(".counts");
const answer = section.querySelector(".answer");
const problem = section.querySelector(".problem");
const state = new StateView(section.querySelector(".state"), { brief: true });
const tokens = new TokenSource("guest");
const here = Math.max(0, document.getElementById("node").selectedIndex);
let received = 0;

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
  let reason = "";
  for (const { url } of NODES) {
    const token = await tokens.get().catch(() => undefined);
    const data = { sender: button.dataset.sender };
    const reply = await askNode(`${url}/v1/request`, { token, body: { method: "demo.callback", data } });
    if (reply.ok) {
      const { sender, status } = reply.body.data;
      answer.textContent = `${sender} was answered with ${status}`;
      problem.textContent = "";
      button.disabled = false;
      return;
    }
    reason = reply.reason;
  }
  problem.textContent = `Nothing was sent: ${reason}.`;
  button.disabled = false;
}

function show({ channel, data, time }) {
  received += 1;
  counts.textContent = `${received} received`;
  const item = document.createElement("li");
  item.className = "new";
  const kind = document.createElement("span");
  kind.className = "notice-number";
  kind.textContent = channel === "hooks.payments" ? "€" : "↑";
  const text = document.createElement("span");
  text.className = "notice-text";
  text.textContent = describe(channel, data);
  text.title = text.textContent;
  const when = document.createElement("time");
  when.dateTime = new Date(time).toISOString();
  when.textContent = clock.format(time);
  item.append(kind, text, when);
  list.prepend(item);
  if (list.childElementCount > SHOWN) {
    list.lastElementChild.remove();
  }
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
