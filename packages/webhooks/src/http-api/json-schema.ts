import { z } from "zod";

/** JSON Schema of what is taken: what has a default may be left out. */
export function inputSchema(schema: z.ZodType): object {
  return z.toJSONSchema(schema, { io: "input", reused: "inline" });
}

/** JSON Schema of what is answered. */
export function outputSchema(schema: z.ZodType): object {
  return z.toJSONSchema(schema, { io: "output", reused: "inline" });
}
