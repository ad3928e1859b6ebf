import { describe, expect, it } from "vitest";
import { closeCause } from "./close-cause.ts";

describe("closeCause", () => {
  it.each([
    [1000, "", "client"],
    [1005, "", "client"],
    [4000, "bye", "client"],
    [1006, "", "abnormal"],
    [1006, "Received TCP FIN before WebSocket close frame", "abnormal"],
    [1006, "WebSocket timed out from inactivity", "abnormal"],
    [1006, "Received too big message", "frame_too_large"],
    [1006, "Received too big message, or other inflation error", "frame_too_large"],
    [1006, "Received invalid UTF-8", "protocol_violation"],
    [1006, "Received invalid WebSocket frame", "protocol_violation"],
    [1006, "Received invalid close payload", "protocol_violation"],
  ])("counts %i %j as %s", (code, reason, cause) => {
    expect(closeCause(code, reason)).toBe(cause);
  });
});
