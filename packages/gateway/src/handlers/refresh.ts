import { sameSubject, VERIFICATION_FAILURES } from "@tidegate/auth";
import type { ErrorMessage, Ok, Refresh } from "@tidegate/protocol";
import { errorAnswer, type Session } from "./session.ts";
import { verifyToken } from "./verify-token.ts";

/** Puts a newer token in force; on any failure the old one stays. `undefined`: the connection ended meanwhile. */
export async function refresh(session: Session, message: Refresh): Promise<Ok | ErrorMessage | undefined> {
  const { id, token } = message;
  const { instruments } = session.context;
  const verification = await verifyToken(session.context, token);
  if (session.isClosed) {
    return undefined;
  }
  if (!verification.ok) {
    return errorAnswer(id, VERIFICATION_FAILURES[verification.failure].error, verification.message);
  }
  const { identity } = verification;
  // Read after the wait: another refresh may have finished meanwhile.
  const current = session.principal;
  if (current === undefined || !sameSubject(current, identity)) {
    instruments.authentications.subject_changed.inc();
    return errorAnswer(id, "subject_changed", "the new token is for another user; open a new connection");
  }
  instruments.authentications.ok.inc();
  session.renew(identity);
  endUngranted(session);
  return { type: "ok", id, expires: identity.expiresAt };
}

function endUngranted(session: Session): void {
  const { policies } = session.context;
  for (const channel of session.subscriptions.names()) {
    if (!policies.allows(session.principal, "subscribe", channel)) {
      session.subscriptions.remove(channel);
      session.notify({
        type: "unsubscribed",
        channel,
        code: "forbidden",
        message: "the new token no longer grants this channel",
      });
    }
  }
}
