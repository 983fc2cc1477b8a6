// A client of Portcullis' HTTP API, of the platform's own fetch alone (Node 20 or later, or a browser).
//
//     PORTCULLIS_URL=http://127.0.0.1:8080 node portcullis.mjs check 'text of a prompt'
//     PORTCULLIS_URL=http://127.0.0.1:8080 node portcullis.mjs ingest 'question' 'answer'
//
// `PORTCULLIS_AUTHORIZATION` is the whole header, for example `Bearer …`. Prints one line of JSON. Exit status 0: may
// pass, or is on disk. 1: blocked. 2: could not be checked or recorded, which is no permission to go on.

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** There is no decision: the service was away, too slow, refused the call, or did not look at all of it. */
export class Unchecked extends Error {
  /** @param retryable whether the same call may succeed later */
  constructor(
    why: string,
    readonly retryable = false,
  ) {
    super(why);
  }
}

export type Action = "ACTION_ALLOW" | "ACTION_ALERT" | "ACTION_MASK" | "ACTION_BLOCK";

/** What was looked at, and by what. 64-bit numbers are strings, as proto JSON has them. */
export interface Coverage {
  status?: string;
  reason?: string;
  detectors?: { name: string; outcome: string; reason?: string }[];
  segmentsTotal?: number;
  segmentsScanned?: number;
  bytesTotal?: string;
  bytesScanned?: string;
}

export interface Decision {
  requestId: string;
  blocked: boolean;
  action: Action;
  /** For the end user; empty unless something stands in the way. */
  message: string;
  /** `policy/rule` of everything that objected, the strictest first. */
  rules: string[];
  coverage: Coverage;
  /** The request with its findings masked, when that was asked for and changed it. */
  masked?: Json;
}

export interface Recorded {
  requestId: string;
  sequence: string;
  duplicate: boolean;
}

type Payload = { text: string } | { json: string };

interface CheckResponse {
  verdict?: string;
  action?: Action;
  message?: string;
  requestId?: string;
  violations?: { policy: string; rule: string }[];
  coverage?: Coverage;
  maskedRequest?: { text?: string; json?: string };
}

export interface Settings {
  url: string;
  /** The whole header. */
  authorization?: string;
  /** For one call, from its beginning to the end of its answer. */
  timeoutMs?: number;
}

export class Portcullis {
  constructor(private readonly settings: Settings) {}

  /** Judges what goes to a model: a text, or a chat request as OpenAI has them. Throws `Unchecked`. */
  async check(request: Json, options: { user?: string; policies?: string[]; mask?: boolean } = {}): Promise<Decision> {
    const answer = await this.post<CheckResponse>("/v1/check", {
      request: payload(request),
      context: { source: "http", user: options.user ?? "" },
      policies: options.policies ?? [],
      operation: options.mask ? "OPERATION_MUTATE" : "OPERATION_VALIDATE",
    });
    const coverage = answer.coverage ?? {};
    const blocked = answer.verdict === "VERDICT_FAIL" || answer.action === "ACTION_BLOCK";
    // What was not looked at, or in part, has no verdict that could be relied on. A block can be.
    if (!blocked && answer.verdict !== "VERDICT_PASS") {
      throw new Unchecked(`no verdict: ${coverage.reason ?? "the answer names no reason"}`);
    }
    if (!blocked && coverage.status !== "COVERAGE_STATUS_COMPLETE") {
      throw new Unchecked(`not all of it was checked: ${coverage.reason ?? coverage.status}`);
    }
    return {
      requestId: answer.requestId ?? "",
      blocked,
      action: answer.action ?? "ACTION_ALLOW",
      message: answer.message ?? "",
      rules: (answer.violations ?? []).map((found) => `${found.policy}/${found.rule}`),
      coverage,
      masked: answer.maskedRequest && content(answer.maskedRequest),
    };
  }

  /**
   * Records an exchange that has happened; it is on disk when this resolves. With a `key` of the caller's own a call
   * can be repeated until it succeeds, and is recorded once. Throws `Unchecked` when it was not recorded.
   */
  async ingest(request: Json, response: Json, options: { user?: string; key?: string } = {}): Promise<Recorded> {
    const recorded = await this.post<Partial<Recorded>>("/v1/ingest", {
      request: payload(request),
      response: payload(response),
      context: { source: "http", user: options.user ?? "" },
      ...(options.key ? { idempotencyKey: options.key } : {}),
    });
    return {
      requestId: recorded.requestId ?? "",
      sequence: recorded.sequence ?? "0",
      duplicate: recorded.duplicate ?? false,
    };
  }

  private async post<T>(path: string, body: unknown): Promise<T> {
    const { url, authorization, timeoutMs = 2000 } = this.settings;
    let status: number;
    let text: string;
    try {
      const response = await fetch(url.replace(/\/$/, "") + path, {
        method: "POST",
        headers: { "content-type": "application/json", ...(authorization ? { authorization } : {}) },
        body: JSON.stringify(body),
        // A credential goes where it was meant to go.
        redirect: "error",
        signal: AbortSignal.timeout(timeoutMs),
      });
      status = response.status;
      text = await response.text();
    } catch (error) {
      throw new Unchecked(`no answer: ${error instanceof Error ? error.message : String(error)}`, true);
    }
    let answer: { error?: string; message?: string };
    try {
      answer = JSON.parse(text);
    } catch {
      throw new Unchecked(`HTTP ${status} without JSON`);
    }
    if (status !== 200) {
      throw new Unchecked(`HTTP ${status} ${answer.error}: ${answer.message}`, [408, 429, 503].includes(status));
    }
    return answer as T;
  }
}

/** A text as it is; JSON as its bytes, so that numbers stay what they are. */
function payload(value: Json): Payload {
  if (typeof value === "string") return { text: value };
  const bytes = new TextEncoder().encode(JSON.stringify(value));
  return { json: btoa(Array.from(bytes, (byte) => String.fromCharCode(byte)).join("")) };
}

function content(value: { text?: string; json?: string }): Json {
  if (value.json === undefined) return value.text ?? null;
  const bytes = Uint8Array.from(atob(value.json), (character) => character.charCodeAt(0));
  return JSON.parse(new TextDecoder().decode(bytes));
}

async function main([command, ...rest]: string[]): Promise<number> {
  const client = new Portcullis({
    url: process.env.PORTCULLIS_URL ?? "http://127.0.0.1:8080",
    authorization: process.env.PORTCULLIS_AUTHORIZATION,
    timeoutMs: 1000 * Number(process.env.PORTCULLIS_TIMEOUT_S ?? "2"),
  });
  const [first, second, key] = rest;
  const question = { model: "m", messages: [{ role: "user", content: first ?? "" }] };
  const user = "ann@acme.io";
  try {
    if ((command === "check" || command === "mask") && first !== undefined) {
      const decision = await client.check(question, { user, mask: command === "mask" });
      const { blocked, action, message, rules, requestId, coverage, masked = null } = decision;
      const told = { blocked, action, message, rules, request_id: requestId, checked: coverage.status, masked };
      console.log(JSON.stringify(told));
      return blocked ? 1 : 0;
    }
    if (command === "ingest" && second !== undefined) {
      const answer = { choices: [{ message: { role: "assistant", content: second } }] };
      const { requestId, sequence, duplicate } = await client.ingest(question, answer, { user, key });
      console.log(JSON.stringify({ request_id: requestId, sequence, duplicate }));
      return 0;
    }
  } catch (error) {
    if (!(error instanceof Unchecked)) throw error;
    console.log(JSON.stringify({ unchecked: error.message, retryable: error.retryable }));
    return 2;
  }
  console.error("check TEXT | mask TEXT | ingest QUESTION ANSWER [KEY]");
  return 64;
}

process.exitCode = await main(process.argv.slice(2));
