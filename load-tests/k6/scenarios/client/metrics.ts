import { Counter, Rate, Trend } from "k6/metrics";

/** Socket opened to authenticated, and to subscribed. */
export const connectTime = new Trend("tidegate_connect", true);
export const readyTime = new Trend("tidegate_ready", true);
/** Whether a client got ready. */
export const connected = new Rate("tidegate_connected");
/** Connections that ended though their client did not want that. */
export const lost = new Counter("tidegate_lost_connections");
/** Publish to receipt; to the millisecond, which is as fine as a clock k6 has. */
export const latency = new Trend("tidegate_latency", true);
export const received = new Counter("tidegate_received");
/** Numbers that were jumped over, or that came again or too late. */
export const missed = new Counter("tidegate_missed");
export const repeated = new Counter("tidegate_repeated");
/** Error messages of a node. */
export const errors = new Counter("tidegate_errors");
/** Request to reply. */
export const replyTime = new Trend("tidegate_reply", true);

/**
 * What every scenario has to meet. A counter that nothing was added to has no samples, so it cannot break a threshold.
 */
export const COMMON_THRESHOLDS = {
  tidegate_connected: ["rate>0.999"],
  tidegate_lost_connections: ["count==0"],
  tidegate_missed: ["count==0"],
  tidegate_repeated: ["count==0"],
  tidegate_errors: ["count==0"],
};
