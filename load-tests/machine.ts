import { cpus, release, totalmem } from "node:os";

/** What figures were taken on. Without names of the machine or its owner. */
export interface Machine {
  readonly date: string;
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGib: number;
  readonly kernel: string;
  readonly node: string;
}

export function describeMachine(): Machine {
  return {
    date: new Date().toISOString(),
    cpu: cpus()[0]?.model ?? "unknown",
    cores: cpus().length,
    memoryGib: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
  };
}

/** One line of it for people. */
export function machineLine({ date, cpu, cores, memoryGib, kernel, node }: Machine): string {
  return `${date}, ${cores} × ${cpu}, ${memoryGib} GiB, Linux ${kernel}, Node ${node}`;
}
