// Takes docs/img/map.png and docs/img/report.png from the report of a finished run: its map with one picture pointed at, and
// one cluster.
//
//     NODE_PATH=build/tests/browser/node_modules node docs/img/make_report_pictures.js RUN [CLUSTER]
//
// Needs Chromium and playwright-core, which the tests of the report bring to build/tests/browser.
"use strict";
const path = require("node:path");
const { chromium } = require("playwright-core");

async function main(run, cluster = "0") {
  const browser = await chromium.launch({ executablePath: "/usr/bin/chromium", args: ["--no-sandbox"] });
  const page = await browser.newPage({ viewport: { width: 1160, height: 1400 } });
  await page.goto("file://" + path.resolve(run, "report.html"));
  await page.waitForSelector("html.ready");
  await page.locator("html").evaluate((html) => html.style.setProperty("scroll-behavior", "auto"));
  for (let i = 0; i < 2; i++) { // what comes into sight takes its place then
    await page.locator(`#cluster-${cluster}`).evaluate((card) => card.scrollIntoView({ block: "center" }));
    await page.waitForTimeout(1000);
  }
  await page.locator(`#cluster-${cluster}`).screenshot({ path: path.join(__dirname, "report.png") });

  await page.setViewportSize({ width: 1160, height: 800 });
  await page.locator('nav a[href="#map"]').click();
  await page.locator("#map-canvas").scrollIntoViewIfNeeded();
  await page.waitForTimeout(1000);
  const box = await page.locator("#map-canvas").boundingBox();
  for (let i = 0; i < 400 && !await page.locator("#map-tip").isVisible(); i++)
    await page.mouse.move(box.x + box.width * (0.7 + i % 20 / 100), box.y + box.height * (0.28 + i / 2000));
  await page.screenshot({ path: path.join(__dirname, "map.png") });
  await browser.close();
}

main(...process.argv.slice(2));
