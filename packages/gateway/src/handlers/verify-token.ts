import type { Verification } from "@tidegate/auth";
import type { NodeContext } from "../node-context.ts";

/**
 * Verifies a token and measures it; on the spot where the verifier can. A failure is counted here; a success only counts
 * once it was put in force.
 */
export function verifyToken(context: NodeContext, token: string): Verification | Promise<Verification> {
  const startedAt = performance.now();
  const verification = context.verifier.verify(token);
  return verification instanceof Promise
    ? verification.then((later) => counted(context, later, startedAt))
    : counted(context, verification, startedAt);
}

function counted({ instruments }: NodeContext, verification: Verification, startedAt: number): Verification {
  instruments.authenticationSeconds.observe((performance.now() - startedAt) / 1000);
  if (!verification.ok) {
    instruments.authentications[verification.failure].inc();
  }
  return verification;
}
