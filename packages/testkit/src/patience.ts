/**
 * How long whatever is awaited may take, in milliseconds, unless a test says more: nobody waits for it where all is well,
 * and a machine that does ten things at once may take seconds for the one that a test is about.
 */
export const PATIENCE_MS = 20_000;
