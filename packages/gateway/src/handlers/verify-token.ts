import type { Verification } from "@tidegate/auth";
import type { NodeContext } from "../node-context.ts";

/** Verifies a token and measures it. A failure is counted here; a success only counts once it was put in force. */
export async function verifyToken(context: NodeContext, token: string): Promise<Verification> {
  const { verifier, instruments } = context;
  const startedAt = performance.now();
  const verification = await verifier.verify(token);
  instruments.authenticationSeconds.observe((performance.now() - startedAt) / 1000);
  if (!verification.ok) {
    instruments.authentications[verification.failure].inc();
  }
  return verification;
}
