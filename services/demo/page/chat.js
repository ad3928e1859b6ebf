import { Connection } from "./connection.js";
import { describeResume, describeState } from "./connection-words.js";
import { LogView } from "./log-view.js";
import { NODES, otherNode } from "./nodes.js";
import { StateView } from "./state-view.js";
import { fetchToken } from "./token.js";

const LOBBY = "chat.lobby";
/** So many of the last messages are shown to somebody who joins. */
const REPLAY = 30;
/** The key under which a tab remembers its connections, and how many. */
const OWN_CONNECTIONS = "connections";
const MOST_CONNECTIONS = 50;
const BOT = "Tide";
const BOT_COMMAND = /^\/bot(?:\s+|$)/;

const byId = (id) => document.getElementById(id);
const joinForm = byId("join-form");
const nameInput = byId("name");
const nameProblem = byId("name-problem");
const nodeSelect = byId("node");
const chat = byId("chat");
const composer = byId("composer");
const messageInput = byId("message");
const botButton = byId("bot");
const stateView = new StateView(byId("chat-state"));
const announcement = byId("announcement");
const retryButton = byId("retry");
const leaveButton = byId("leave");
const log = new LogView({
  log: byId("log"),
  entries: byId("entries"),
  empty: byId("empty"),
  newer: byId("newer"),
});

let name = "";
/** Every connection of this tab so far: what came from one of them is the user's own, also after a reload. */
const ownConnections = new Set(JSON.parse(sessionStorage.getItem(OWN_CONNECTIONS) ?? "[]"));
const connection = new Connection({
  nodes: NODES,
  channel: LOBBY,
  replay: REPLAY,
  fetchToken: fetchVisitorToken,
  onState: showState,
  onMessage: showMessage,
  onReplayed: () => log.announceFromHere(),
  onResumed: (count) => showNotice(`${capitalize(describeResume(count))}.`),
  onReset: () => {
    log.clear();
    showNotice("Reset: reloaded. What was said before may not be complete.");
  },
  onNotice: (text) => showNotice(text),
});

joinForm.addEventListener("submit", (event) => {
  event.preventDefault();
  join();
});
leaveButton.addEventListener("click", leave);
retryButton.addEventListener("click", () => connection.retryNow());
addEventListener("online", () => connection.retryNow());
document.addEventListener("visibilitychange", () => {
  // A tab that comes back to sight should not have to wait, nor should its reader.
  if (!document.hidden) {
    connection.retryNow();
  }
});
document.addEventListener("lose-connection", ({ detail }) => {
  connection.moveTo(otherNode(nodeSelect.selectedIndex), detail.milliseconds);
});
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
  if (Number.isInteger(node) && node >= 1 && node <= NODES.length) {
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

async function fetchVisitorToken() {
  try {
    return await fetchToken(name);
  } catch (error) {
    if (error.final === true) {
      rejectName(error.message);
    }
    throw error;
  }
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

/** `own` if it answers something the user just did: then it must be in sight. */
function showNotice(text, own = false) {
  log.add({ kind: "notice", author: "", text, time: Date.now(), own });
}

function showState(state) {
  if (state.kind === "connected") {
    ownConnections.add(state.connection);
    sessionStorage.setItem(OWN_CONNECTIONS, JSON.stringify([...ownConnections].slice(-MOST_CONNECTIONS)));
    // A client that lost its node is on another one now; the choice says where it is, and the link to the
    // second tab where it is not.
    nodeSelect.value = String(state.index + 1);
    byId("second-tab").href = `?node=${otherNode(state.index) + 1}`;
  }
  stateView.show(state);
  // Seconds that are counted down are for the eye.
  announcement.textContent =
    state.kind === "waiting" ? `Reconnecting: ${state.reason}` : describeState(state);
  retryButton.hidden = state.kind !== "waiting";
}

function capitalize(words) {
  return words.charAt(0).toUpperCase() + words.slice(1);
}
