// usage: node compare.mjs compare.html compare.json
// Checks the page of a comparison in a real browser against its figures. Ends with "N passed, M failed".
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';

const [htmlFile, jsonFile] = process.argv.slice(2);
const compared = JSON.parse(readFileSync(jsonFile, 'utf8'));
const url = pathToFileURL(resolve(htmlFile)).href;

let passed = 0;
let failed = 0;

function equal(name, got, wanted) {
  if (JSON.stringify(got) === JSON.stringify(wanted)) {
    passed += 1;
  } else {
    failed += 1;
    console.log(`FAILED ${name}: ${JSON.stringify(got)} instead of ${JSON.stringify(wanted)}`);
  }
}

async function checkPage(browser, name, options) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  const problems = [];
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) problems.push(message.text());
  });
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('request', (request) => {
    if (request.url() !== url && !request.url().startsWith('data:')) problems.push('request: ' + request.url());
  });
  await page.goto(url);
  const verdict = await page.textContent('[data-figure=verdict]');
  equal(`${name}: verdict`, verdict.toLowerCase(), compared.verdict);
  const rows = await page.evaluate(() => [...document.querySelectorAll('tr[data-metric]')].map((row) => ({
    cells: [...row.cells].map((cell) => cell.textContent),
    index: Number(row.dataset.metric),
    difference: row.dataset.difference,
    drawn: row.querySelectorAll('svg circle').length,
    bars: [...row.querySelectorAll('svg rect')].map((bar) => bar.getBoundingClientRect().width),
  })));
  equal(`${name}: rows`, rows.length, compared.metrics.length);
  rows.forEach((row, i) => {
    const metric = compared.metrics[row.index];
    equal(`${name}: row ${i}`, [row.cells[0], row.cells[1], row.cells[6].split(' ')[0]], [metric.metric, metric.region, metric.verdict]);
    equal(`${name}: difference ${i}`, row.difference === '' ? null : Number(row.difference), metric.difference?.value ?? null);
    equal(`${name}: line ${i}`, row.drawn, metric.difference ? 1 : 0);
    equal(`${name}: a bar that can be seen ${i}`, row.bars.filter((width) => width >= 4).length, metric.difference ? 1 : 0);
  });
  equal(`${name}: each row once`, rows.map((row) => row.index).sort((a, b) => a - b), rows.map((row, i) => i));
  const open = (metric) => ['inconclusive', 'invalid', 'not_comparable'].includes(metric.verdict);
  const places = rows.map((row) => compared.metrics[row.index]).map((metric) =>
    (metric.metric.startsWith('failure_rate') ? 0 : 2) + (open(metric) ? 1 : 0));
  equal(`${name}: failure rates first, what is decided first`, places, [...places].sort((a, b) => a - b));
  const wide = await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
  equal(`${name}: no sideways scroll`, wide, false);
  equal(`${name}: problems`, problems, []);
  await context.close();
}

const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
await checkPage(browser, 'light', { colorScheme: 'light', viewport: { width: 1280, height: 900 } });
await checkPage(browser, 'dark, narrow', { colorScheme: 'dark', viewport: { width: 390, height: 844 } });
await browser.close();
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);
