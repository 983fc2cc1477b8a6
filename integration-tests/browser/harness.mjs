// A browser, the page under test, and what every view has to keep: no error in the console, nothing that the content
// policy refused, no serious finding of axe.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const tools = createRequire(join(process.env.PORTCULLIS_TEST_TOOLS, "node_modules/"));
const { chromium } = tools("playwright-core");
const axe = readFileSync(tools.resolve("axe-core/axe.min.js"), "utf8");

export const url = process.env.PORTCULLIS_URL;
const screenshots = process.env.PORTCULLIS_SCREENSHOTS;
const credentials = { username: "ann", password: "s3cret" };
const authorization = `Basic ${Buffer.from("ann:s3cret").toString("base64")}`;

mkdirSync(screenshots, { recursive: true });
const folder = mkdtempSync(join(tmpdir(), "browser-"));
const flags = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync",
];

/** Runs `steps` in a browser of its own, each in order, and says which of them failed. */
export async function run(steps) {
  const launch = { executablePath: "/usr/bin/chromium", headless: true, args: flags };
  const browser = await chromium.launch(launch);
  try {
    for (const [name, step] of Object.entries(steps)) {
      try {
        await step(browser);
        console.log(`ok ${name}`);
      } catch (error) {
        console.error(`failed ${name}: ${error.stack}`);
        process.exitCode = 1;
      }
    }
  } finally {
    await browser.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** A window of its own; what goes wrong in it fails the step. */
export async function inWindow(browser, options, body) {
  const context = await browser.newContext({ httpCredentials: credentials, viewport: { width: 1280, height: 900 }, ...options });
  context.setDefaultTimeout(20_000);
  const page = await context.newPage();
  const wrong = [];
  page.on("console", (message) => { if (message.type() === "error") wrong.push(message.text()); });
  page.on("pageerror", (error) => wrong.push(String(error)));
  try {
    await body(page);
    assert.deepEqual(wrong, []);
  } finally {
    await context.close();
  }
}

export async function shoot(page, name) {
  await page.screenshot({ path: join(screenshots, `${name}.png`), fullPage: true });
}

/** No serious or critical finding of axe, as WCAG 2.1 AA has it. The content policy would refuse axe itself. */
export async function accessible(browser, path, options = {}) {
  await inWindow(browser, { bypassCSP: true, ...options }, async (page) => {
    await page.goto(url + path);
    await page.addScriptTag({ content: axe });
    const found = await page.evaluate(() => window.axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"] }));
    const serious = found.violations.filter((one) => ["serious", "critical"].includes(one.impact));
    assert.deepEqual(serious.map((one) => `${one.id}: ${one.nodes.map((node) => node.html + " " + node.failureSummary).join(" | ")}`), [], path);
  });
}

/** As a gateway asks. */
export async function guard(content, { user = "ann@acme.io", team = "blue", model = "gpt-4o", session, response } = {}) {
  const messages = [{ role: "system", content: "You are a helpful assistant." }, { role: "user", content }];
  const body = {
    requestBody: { model, messages },
    context: { user: { subjectId: user, subjectType: "user", subjectTeams: [team] }, metadata: session ? { session_id: session } : {} },
  };
  if (response) body.responseBody = { choices: [{ message: { role: "assistant", content: response } }] };
  const answer = await fetch(`${url}/api/http-proxy/truefoundry?sync=true`, {
    method: "POST", headers: { "content-type": "application/json", authorization }, body: JSON.stringify(body),
  });
  return answer.json();
}

/** A form, sent by what is no browser. */
export function post(path, body, headers) {
  const type = { "content-type": "application/x-www-form-urlencoded", authorization };
  return fetch(url + path, { method: "POST", headers: { ...type, ...headers }, body, redirect: "manual" });
}

/** The newest event with this in its query. */
export async function event(query) {
  for (;;) {
    const answer = await fetch(`${url}/v1/events?${query}`, { headers: { authorization } });
    const { events } = await answer.json();
    if (events.length > 0 && events.every((one) => one.analysis !== "pending")) return events[0];
    await new Promise((resolve) => setTimeout(resolve, 30));
  }
}
