import { describe, expect, it } from "vitest";
import { type NativeSocket, UwsSocket } from "./uws-socket.ts";

function recorder() {
  const calls: string[] = [];
  const native: NativeSocket = {
    send: (frame) => {
      calls.push(`send ${String(frame)}`);
      return 1;
    },
    cork: (write) => {
      calls.push("cork");
      write();
      calls.push("uncork");
      return native;
    },
    getBufferedAmount: () => 0,
    ping: () => 1,
    end: (code, reason) => {
      calls.push(`end ${code} ${String(reason)}`);
    },
  };
  return { calls, socket: new UwsSocket(native) };
}

describe("UwsSocket", () => {
  it("ends behind the cork in which it was told to, and sends nothing meanwhile", () => {
    const { calls, socket } = recorder();
    socket.cork(() => {
      socket.send("a", false);
      socket.end("forbidden", "no");
      expect(socket.isClosed).toBe(true);
      expect(socket.send("b", false)).toBe("closed");
      socket.end("internal_error", "again");
    });
    expect(calls).toStrictEqual([
      "cork",
      "send a",
      "uncork",
      expect.stringMatching(/^end \d+ forbidden: no$/),
    ]);
  });

  it("ends behind the outermost of its corks", () => {
    const { calls, socket } = recorder();
    socket.cork(() => {
      socket.end("forbidden", "no");
      socket.cork(() => socket.send("a", false));
      expect(calls).toStrictEqual(["cork"]);
    });
    expect(calls).toStrictEqual(["cork", "uncork", expect.stringContaining("end")]);
  });

  it("ends others at once, and itself at once outside of a cork", () => {
    const one = recorder();
    const other = recorder();
    one.socket.cork(() => other.socket.end("forbidden", "no"));
    expect(other.calls).toHaveLength(1);
    one.socket.end("forbidden", "no");
    expect(one.calls).toStrictEqual(["cork", "uncork", expect.stringContaining("end")]);
  });

  it("does nothing in a cork of a closed one", () => {
    const { calls, socket } = recorder();
    socket.detach();
    socket.cork(() => socket.send("a", false));
    expect(calls).toStrictEqual([]);
  });
});
