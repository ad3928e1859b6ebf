import { expect, it } from "vitest";
import { bytes, openBroker, ownServer } from "../../testing/open-broker.ts";
import { HISTORY } from "../../testing/stream.ts";
import { resolveBrokerOptions } from "../broker-options.ts";
import { openStreamProvisioner } from "./stream-provisioner.ts";

// As docs/streams.md lists them.
const CONFIG = `
accounts {
  RT {
    jetstream: enabled
    users: [
      {
        user: "node", password: "node"
        permissions {
          publish: [
            "rt.>", "rtin.>", "rpc.>", "rtev.>",
            "$JS.API.STREAM.INFO.rt_chat", "$JS.API.STREAM.MSG.GET.rt_chat", "$JS.API.DIRECT.GET.rt_chat"
          ]
          subscribe: [
            "rt.>", "rtout.>", "_INBOX_node-under-test.>", "$JS.EVENT.ADVISORY.STREAM.LEADER_ELECTED.rt_chat"
          ]
        }
      }
      {
        user: "provision", password: "provision"
        permissions {
          publish: [
            "$JS.API.STREAM.INFO.rt_chat", "$JS.API.STREAM.CREATE.rt_chat",
            "$JS.API.STREAM.UPDATE.rt_chat", "$JS.API.STREAM.DELETE.rt_chat"
          ]
          subscribe: ["_INBOX_p.>"]
        }
      }
    ]
  }
}`;

const histories = new Map([["chat", HISTORY]]);
const as = (user: string) => ({ kind: "password", user, password: user }) as const;

it("nodes and provisioning need no more permissions than they are documented to", async () => {
  const { url } = await ownServer({ config: CONFIG });
  const provision = async (storage: "file" | "memory") => {
    const changed = new Map([["chat", { ...HISTORY, storage }]]);
    const provisioner = await openStreamProvisioner(
      resolveBrokerOptions({ servers: [url], name: "p", credentials: as("provision"), histories: changed }),
    );
    const plans = await provisioner.plan(["chat"]);
    for (const plan of plans) await provisioner.apply(plan);
    await provisioner.close();
    return plans.map(({ action }) => action);
  };
  expect(await provision("memory")).toStrictEqual(["create"]);
  expect(await provision("memory")).toStrictEqual(["update"]);
  expect(await provision("file")).toStrictEqual(["replace"]);

  const { broker, errors } = await openBroker(url, { credentials: as("node"), histories });
  for (let count = 0; count < 5; count++) {
    expect(await broker.store("chat.a", bytes("x"), {})).toMatchObject({ kind: "stored" });
  }
  expect(await broker.history("chat.a", { after: 1, limit: 2 })).toMatchObject({ messages: [{}, {}] });
  expect(await broker.history("chat.a", { before: 5, limit: 2 })).toMatchObject({ messages: [{}, {}] });
  expect(broker.announce("connection.opened", bytes("{}"))).toBe("sent");
  await broker.flush();
  expect(errors.items).toStrictEqual([]);
});
