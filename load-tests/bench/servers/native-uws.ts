// uWebSockets.js with its own topics: what a program gets that leaves the fan-out to the library.

import { frameOf, runContender } from "./run-contender.ts";
import { listen, uwsApp } from "./uws-app.ts";

const ALL = "all";

const app = uwsApp({
  onOpen: (client) => {
    const { own } = client.getUserData();
    client.subscribe(own === "" ? ALL : `own.${own}`);
  },
  // The library forgets its topics by itself.
  onClose: () => {},
});

await runContender({
  listen: () => listen(app),
  toAll: (message) => {
    app.publish(ALL, frameOf(message), false, false);
  },
  toOne: (name, message) => {
    app.publish(`own.${name}`, frameOf(message), false, false);
  },
  close: () => app.close(),
});
