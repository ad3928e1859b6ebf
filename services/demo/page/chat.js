import { Connection } from "./connection.js";
import { LogView } from "./log-view.js";

const LOBBY = "chat.lobby";
const TICKER = "ticker.price";
const BOT = "Tide";
const BOT_COMMAND = /^\/bot(?:\s+|$)/;
const MINUS = "\u2212";

const byId = (id) => document.getElementById(id);
const joinForm = byId("join-form");
const nameInput = byId("name");
const nameProblem = byId("name-problem");
const nodeSelect = byId("node");
const chat = byId("chat");
const composer = byId("composer");
const messageInput = byId("message");
const botButton = byId("bot");
const stateBox = document.querySelector(".state");
const stateText = document.querySelector(".state-text");
const announcement = byId("announcement");
const retryButton = byId("retry");
const leaveButton = byId("leave");
const ticker = document.querySelector(".ticker");
const log = new LogView({
  log: byId("log"),
  entries: byId("entries"),
  empty: byId("empty"),
  newer: byId("newer"),
});

const nodes = [...nodeSelect.options].map((option) => ({ name: option.text, url: option.dataset.url }));

let name = "";
/** Every connection of this page so far: what came from one of them is the user's own. */
const ownConnections = new Set();
/** Ticks while the page waits for its next attempt. */
let countdown;

const connection = new Connection({
  nodes,
  channels: [LOBBY, TICKER],
  fetchToken,
  onState: showState,
  onMessage: showMessage,
  onNotice: (text) => showNotice(text),
});

joinForm.addEventListener("submit", (event) => {
  event.preventDefault();
  join();
});
leaveButton.addEventListener("click", leave);
retryButton.addEventListener("click", () => connection.retryNow());
addEventListener("online", () => connection.retryNow());
nodeSelect.addEventListener("change", () => {
  if (name !== "") {
    rememberInAddress();
    connection.open(nodeSelect.selectedIndex);
  }
});
composer.addEventListener("submit", (event) => {
  event.preventDefault();
  const text = messageInput.value.trim();
  if (BOT_COMMAND.test(text)) {
    void askBot(text.replace(BOT_COMMAND, ""));
  } else if (text !== "") {
    void say(text);
  }
});
botButton.addEventListener("click", () => {
  void askBot(messageInput.value.trim().replace(BOT_COMMAND, ""));
  messageInput.focus();
});
startFromAddress();

/** `?name=ada&node=2` fills the form in; `&join` also sends it, and is what a reload finds. */
function startFromAddress() {
  const address = new URLSearchParams(location.search);
  const node = Number(address.get("node"));
  if (Number.isInteger(node) && node >= 1 && node <= nodes.length) {
    nodeSelect.value = String(node);
  }
  nameInput.value = address.get("name") ?? "";
  if (address.has("join") && nameInput.value !== "") {
    join();
  } else {
    nameInput.focus();
  }
}

function rememberInAddress() {
  const address = new URL(location.href);
  address.search = new URLSearchParams({ node: nodeSelect.value, ...(name !== "" && { name, join: "" }) });
  history.replaceState(null, "", address);
}

function join() {
  name = nameInput.value.trim();
  if (name === "") {
    nameInput.focus();
    return;
  }
  nameProblem.textContent = "";
  joinForm.hidden = true;
  chat.hidden = false;
  leaveButton.hidden = false;
  rememberInAddress();
  connection.open(nodeSelect.selectedIndex);
  messageInput.focus();
}

function leave() {
  connection.close();
  name = "";
  log.clear();
  joinForm.hidden = false;
  chat.hidden = true;
  leaveButton.hidden = true;
  rememberInAddress();
  nameInput.focus();
}

async function fetchToken() {
  const response = await fetch("/token", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ name }),
  });
  if (!response.ok) {
    const { message } = await response.json();
    if (response.status === 400) {
      rejectName(message);
    }
    throw Object.assign(new Error(message), { final: response.status === 400 });
  }
  return response.json();
}

/** Back to the form: only another name helps. */
function rejectName(message) {
  leave();
  nameProblem.textContent = message;
  nameInput.select();
}

async function say(text) {
  try {
    const sent = connection.publish(LOBBY, "said", { text });
    messageInput.value = "";
    await sent;
  } catch (error) {
    giveBack(text);
    showNotice(`Not sent: ${error.message}.`, true);
  }
}

async function askBot(question) {
  const text = question === "" ? "help" : question;
  const time = Date.now();
  messageInput.value = "";
  try {
    const asked = connection.request("demo.bot", { text });
    log.add({ kind: "said", author: name, text, time, own: true, remark: "to the bot" });
    const answer = await asked;
    log.add({
      kind: "bot",
      author: BOT,
      text: answer.text,
      time: Date.now(),
      own: false,
      remark: "only you see this",
    });
  } catch (error) {
    showNotice(`The bot did not answer: ${error.message}.`, true);
  }
}

/** What could not be sent goes back where it was typed, unless something else is being typed by now. */
function giveBack(text) {
  if (messageInput.value === "") {
    messageInput.value = text;
  }
}

function showMessage(message) {
  if (message.channel === TICKER) {
    showTicker(message.data);
    return;
  }
  const { data, from, time } = message;
  const words = typeof data?.text === "string" ? data.text : typeof data === "string" ? data : undefined;
  log.add({
    kind: "said",
    author: from === undefined ? authorOf(data) : (from.user ?? "anonymous"),
    text: words ?? JSON.stringify(data),
    time,
    own: from !== undefined && ownConnections.has(from.connection),
    ...(from === undefined && { remark: "via NATS" }),
    code: words === undefined,
  });
}

/** Only a message with `from` came through a gateway and has a proven author; a backend says what it likes. */
function authorOf(data) {
  return typeof data?.name === "string" && data.name !== "" ? data.name : "backend";
}

function showTicker(data) {
  const [symbol, price, change] = ticker.children;
  const sign = data.change < 0 ? MINUS : "+";
  symbol.textContent = data.symbol;
  price.textContent = data.price.toFixed(2);
  change.textContent = `${sign}${Math.abs(data.change).toFixed(2)}`;
  ticker.dataset.trend = data.change < 0 ? "down" : "up";
  ticker.hidden = false;
}

/** `own` if it answers something the user just did: then it must be in sight. */
function showNotice(text, own = false) {
  log.add({ kind: "notice", author: "", text, time: Date.now(), own });
}

function showState(state) {
  clearInterval(countdown);
  if (state.kind === "connected") {
    ownConnections.add(state.connection);
    // A client that lost its node is on another one now; the choice says where it is, and the link to the
    // second tab where it is not.
    nodeSelect.value = String(state.index + 1);
    byId("second-tab").href = `?node=${((state.index + 1) % nodes.length) + 1}`;
  } else {
    // A number that stands still looks like one that is true.
    ticker.hidden = true;
  }
  const words = describe(state);
  stateBox.dataset.state = state.kind;
  stateText.textContent = words;
  announcement.textContent = state.kind === "waiting" ? `Reconnecting: ${state.reason}` : words;
  stateBox.title = state.kind === "waiting" ? state.reason : "";
  retryButton.hidden = state.kind !== "waiting";
  if (state.kind === "waiting") {
    countdown = setInterval(() => {
      stateText.textContent = describe(state);
    }, 250);
  }
}

function describe(state) {
  switch (state.kind) {
    case "connecting":
      return `Connecting to ${state.node}…`;
    case "connected":
      return `Connected to ${state.node}`;
    case "waiting":
      return `Reconnecting in ${Math.max(1, Math.ceil((state.until - Date.now()) / 1000))} s`;
    case "closed":
      return `Closed: ${state.reason}`;
    default:
      return "Not connected";
  }
}
