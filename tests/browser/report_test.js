// Opens reports in Chromium as their readers do, and tries what they can do.
//
// node report_test.js RUN LARGE HOSTILE: reports of a small run with a map of 80 pictures, of one with a cluster of 10,000
// members, and of pictures whose names try to be markup. By hand, node report_test.js RUN: a large run with a map, alone.
"use strict";
const assert = require("node:assert/strict");
const fs = require("node:fs");
const path = require("node:path");
const { chromium } = require("playwright-core");

const sections = ["overview", "clusters", "members", "map", "training"];

// A page of the report that fails the test for whatever is said on its console or asked of the network.
async function open(browser, file, options) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  const address = "file://" + path.resolve(file), heard = [];
  page.on("console", (message) => heard.push("console: " + message.text()));
  page.on("pageerror", (error) => heard.push("error: " + error.message));
  page.on("dialog", (dialog) => { heard.push("dialog: " + dialog.message()); dialog.dismiss(); });
  page.on("request", (request) => {
    if (request.url().split("#")[0] !== address && !/^(data|blob):/.test(request.url())) heard.push("request: " + request.url());
  });
  await page.goto(address);
  if (options?.javaScriptEnabled !== false) await page.waitForSelector("html.ready");
  return { page, close: async () => { await context.close(); assert.deepEqual(heard, []); } };
}

async function testSections(browser, file) {
  assert.ok(fs.statSync(file).size < 15e6, "as large as " + fs.statSync(file).size);
  const { page, close } = await open(browser, file);
  for (const section of sections) {
    await page.click(`nav a[href="#${section}"]`);
    assert.ok(await page.locator(`#${section} h2`).isVisible(), section);
  }
  assert.ok(await page.locator("#training svg.plot").count() >= 4);
  assert.ok(await page.evaluate(() => [...document.querySelectorAll("img")].every((image) => image.alt !== "")));
  await close();
}

async function testMap(browser, file, points) {
  const { page, close } = await open(browser, file);
  const canvas = page.locator("#map-canvas"), tip = page.locator("#map-tip");
  await canvas.scrollIntoViewIfNeeded();
  await canvas.focus();
  await page.keyboard.press("ArrowRight");
  assert.match(await page.textContent("#map-status"), /^.+, \d+\.\d %/);
  await page.keyboard.press("Enter");
  assert.equal(await page.textContent("#map-status"), "1 picture selected");
  await page.keyboard.press("Escape");

  // Hover: somewhere on a grid there is a point.
  const box = await canvas.boundingBox();
  let shown = false;
  for (let i = 1; i < 400 && !shown; i++) {
    await page.mouse.move(box.x + (i % 20) * box.width / 20, box.y + Math.floor(i / 20) * box.height / 20);
    shown = await tip.isVisible();
  }
  assert.ok(shown, "no point shows its picture");
  assert.match(await tip.textContent(), /confidence\d/);
  assert.match(await tip.locator(".sprite").evaluate((tile) => tile.style.backgroundImage), /^url\("blob:/);

  // A lasso around everything, and what it exports.
  const corners = [[2, 2], [box.width - 2, 2], [box.width - 2, box.height - 2], [2, box.height - 2]];
  await page.mouse.move(box.x + 2, box.y + 2);
  await page.mouse.down();
  for (const [x, y] of corners) await page.mouse.move(box.x + x, box.y + y, { steps: 3 });
  await page.mouse.up();
  const selected = Number((await page.textContent("#map-status")).replaceAll(",", "").replace(" pictures selected", ""));
  assert.ok(points === undefined ? selected > 1 : selected === points, String(selected));
  const [download] = await Promise.all([page.waitForEvent("download"), page.click("#map-export")]);
  const lines = fs.readFileSync(await download.path(), "utf8").split("\r\n");
  assert.equal(lines[0], "path,cluster,confidence,reliable,label");
  assert.equal(lines.length, selected + 2);
  const colours = await page.$$eval("#map-colour option", (all) => all.map((one) => one.value));
  assert.ok(points === undefined || colours.includes("reliable"), colours.join());
  for (const colour of colours) await page.selectOption("#map-colour", colour);
  await close();
}

// The list scrolls through all members, while only those in sight exist. points: of the run made for the test, which has a
// cluster of more than 10,000.
async function testMembers(browser, file, points) {
  const { page, close } = await open(browser, file);
  const list = page.locator("#members-list"), members = page.locator("#members-list .member");
  await list.scrollIntoViewIfNeeded();
  const sizes = await page.$$eval("#members-cluster option", (all) => all.map((one) => Number(/\(([\d,]+)\)$/.exec(one.textContent)[1].replaceAll(",", ""))));
  const largest = sizes.indexOf(Math.max(...sizes));
  assert.ok(points === undefined || sizes[largest] >= 10000, sizes.join());
  await page.selectOption("#members-cluster", String(largest));
  const frames = await list.evaluate(async (element) => {
    const times = [];
    for (let i = 0; i <= 60; i++) {
      const started = performance.now();
      element.scrollTop = i / 60 * element.scrollHeight;
      await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
      times.push(performance.now() - started);
    }
    return times.sort((a, b) => a - b);
  });
  assert.ok(frames[30] < 250, "half of the steps took more than " + frames[30] + " ms"); // on a busy machine
  assert.ok(await members.count() < 2000);
  assert.equal(await members.last().getAttribute("aria-posinset"), String(sizes[largest]));
  await list.focus();
  await page.keyboard.press("Home");
  await page.keyboard.press("ArrowRight");
  assert.equal(await list.getAttribute("aria-activedescendant"), "member-1");
  assert.match(await page.textContent("#members-detail"), /^file/);
  await close();
}

async function testWithoutScript(browser, file) {
  const { page, close } = await open(browser, file, { javaScriptEnabled: false });
  for (const section of sections) assert.ok(await page.locator(`#${section} h2`).isVisible(), section);
  assert.ok(await page.locator("#clusters img.tile").first().evaluate((image) => image.naturalWidth) > 0);
  assert.ok(!await page.locator("#map-canvas").isVisible());
  await close();
}

async function testNarrow(browser, file) {
  const { page, close } = await open(browser, file, { viewport: { width: 390, height: 844 }, colorScheme: "dark", hasTouch: true });
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 390);
  assert.notEqual(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), "rgb(246, 247, 249)");
  await close();
}

async function testHostile(browser, file) {
  const { page, close } = await open(browser, file);
  assert.equal(await page.evaluate(() => globalThis.hostile), undefined);
  assert.equal(await page.locator("img[onerror], img[src^=x]").count(), 0);
  assert.ok(await page.locator("#members-list [aria-label*='<script>']").count() > 0);
  await close();
}

async function main([run, large, hostile]) {
  const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
  const tests = [[testSections, run], [testMap, run], [testWithoutScript, run], [testNarrow, run], [testMembers, large ?? run]];
  if (hostile !== undefined) tests.push([testHostile, hostile]);
  try {
    for (const [test, folder] of tests) {
      await test(browser, path.join(folder, "report.html"), large === undefined ? undefined : 80);
      console.log(test.name + " passed");
    }
  } finally {
    await browser.close();
  }
}

main(process.argv.slice(2)).catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
