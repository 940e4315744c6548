// usage: node page.mjs report.html report.json run.json
// Checks the page in a real browser against the figures of the run. Ends with "N passed, M failed".
import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';

const flags = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync'];

const [htmlFile, reportFile, runFile] = process.argv.slice(2);
const report = JSON.parse(readFileSync(reportFile, 'utf8'));
const run = JSON.parse(readFileSync(runFile, 'utf8'));
const url = pathToFileURL(resolve(htmlFile)).href;

let passed = 0;
let failed = 0;

function check(name, ok, detail = '') {
  if (ok) {
    passed += 1;
  } else {
    failed += 1;
    console.log(`FAILED ${name} ${detail}`);
  }
}

function equal(name, got, wanted) {
  check(name, JSON.stringify(got) === JSON.stringify(wanted), `: ${JSON.stringify(got)} instead of ${JSON.stringify(wanted)}`);
}

// A page whose every error and request is kept.
async function open(browser, options) {
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
  await page.waitForFunction(() => typeof Chart === 'function');
  return { page, problems, close: () => context.close() };
}

// The body of the table with this caption, as rows of strings.
function rowsOf(page, caption) {
  return page.evaluate((wanted) => {
    const table = [...document.querySelectorAll('table')].find((t) => t.caption && t.caption.textContent.startsWith(wanted));
    if (!table) return null;
    return [...table.tBodies[0].rows].map((row) => [...row.cells].map((cell) => cell.textContent));
  }, caption);
}

const count = (n) => n.toLocaleString('en-US');

async function checkFigures(page) {
  const verdicts = { none: 'No verdict', pass: 'Pass', fail: 'Fail', inconclusive: 'Inconclusive', invalid: 'Invalid' };
  equal('verdict', await page.textContent('[data-figure=verdict]'), verdicts[report.verdict]);
  for (const region of report.regions) {
    const card = page.locator(`article[data-region="${region.name}"]`);
    const value = await card.locator('[data-figure="failure_rate.attempt"]').getAttribute('data-value');
    const wanted = region.failure_rate.attempt.value;
    equal(`${region.name}: rate on its card`, value === '' ? null : Number(value), wanted);
    const attempts = region.attempts.ok + region.attempts.failed;
    check(`${region.name}: attempts on its card`,
      (await card.textContent()).includes(`${count(region.attempts.failed)} of ${count(attempts)}`));
  }
  const headline = await page.locator('section[aria-labelledby=headline] dl.cards').textContent();
  const totals = report.totals.attempts;
  check('attempts in the headline', headline.includes(`${count(totals.failed)} of ${count(totals.ok + totals.failed)}`));
  const cost = await page.getAttribute('[data-figure="totals.cost_usd"]', 'data-value');
  equal('cost', cost === '' ? null : Number(cost), report.totals.cost_usd);
}

async function checkRunJson() {
  if (!run.regions) return;
  equal('totals of run.json', report.totals, run.totals);
  equal('verdict of run.json', report.verdict, run.verdict);
  equal('thresholds of run.json', report.thresholds, run.thresholds);
  for (const [i, region] of report.regions.entries()) {
    equal(`${region.name}: attempts of run.json`, region.attempts, run.regions[i].attempts);
    equal(`${region.name}: rates of run.json`, region.failure_rate, run.regions[i].failure_rate);
    equal(`${region.name}: latencies of run.json`, region.latency_ms, run.regions[i].latency_ms);
  }
}

async function checkTables(page) {
  const regions = await rowsOf(page, 'Failures by region');
  report.regions.forEach((region, i) => {
    equal(`${region.name}: row of failures`, regions[i].slice(0, 3),
      [region.name, count(region.attempts.ok + region.attempts.failed), count(region.attempts.failed)]);
  });
  const codes = (await rowsOf(page, 'Failures by region and code')) ?? [];
  const wanted = report.regions.flatMap((r) => r.failures.map((f) => [f.code, r.name, count(f.count), f.phase, f.domain]));
  equal('failures by region and code', codes, wanted);
  const thresholds = (await rowsOf(page, 'Thresholds')) ?? [];
  equal('thresholds', thresholds.map((row) => row.slice(0, 2)), report.thresholds.map((t) => [t.expression, t.verdict]));
  // The windows of all groupings, table by table, unless a long run's were thinned out.
  const windows = await page.evaluate(() => [...document.querySelectorAll('section[aria-labelledby=windows] tbody tr')].map(
    (row) => [...row.cells].slice(1, 4).map((cell) => cell.textContent)));
  const cells = report.windows.flatMap((w) => w.regions.map((r) =>
    [r.name, count(r.attempts.ok + r.attempts.failed), count(r.attempts.failed)]));
  if (windows.length === cells.length) {
    equal('windows', windows, cells);
  } else {
    check('fewer windows only with a word on it', (await page.textContent('main')).includes('more windows'));
  }
}

async function checkCharts(page) {
  const canvases = await page.locator('canvas').count();
  equal('every canvas has a chart', await page.evaluate(() => Object.keys(Chart.instances).length), canvases);
  const drawn = await page.evaluate(() => [...document.querySelectorAll('canvas')].filter((canvas) => {
    const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
    return pixels.some((value) => value !== 0);
  }).length);
  equal('every canvas is drawn', drawn, canvases);
  for (const details of await page.locator('figure details').all()) {
    await details.locator('summary').click();
    const filled = await details.locator('tbody tr').first().waitFor({ timeout: 5000 }).then(() => true, () => false);
    check('a table of figures beside its chart', filled);
  }
  const loads = await page.evaluate(() => Object.values(Chart.instances).filter((chart) => chart.canvas.dataset.chart === 'load').map((chart) => {
    const above = Chart.getChart(chart.canvas.closest('figure').querySelector('canvas'));
    return [chart.canvas.dataset.under, above.canvas.dataset.chart, Math.abs(above.chartArea.left - chart.chartArea.left) < 1 &&
      above.scales.x.min === chart.scales.x.min && above.scales.x.max === chart.scales.x.max, chart.data.datasets.length];
  }));
  equal('the load under every chart over time', loads.length, 2 * report.regions.length + (report.totals.attempts.failed > 0 ? 1 : 0));
  check('each on the time axis of the chart above it', loads.every(([under, above, aligned, lines]) => under === above && aligned && lines >= 2),
    JSON.stringify(loads));
  const means = await page.evaluate(() => {
    const { series } = JSON.parse(document.getElementById('figures').textContent);
    return series.regions.map((r) => [Math.min(...r.open.filter((x) => x !== null)), Math.max(...r.open.filter((x) => x !== null))]);
  });
  report.regions.forEach((r, i) => check(`${r.name}: the mean of the run lies among its points`,
    means[i][0] <= r.concurrency.sessions_open.mean + 1e-6 && r.concurrency.sessions_open.mean <= means[i][1] * 1.0001 &&
    means[i][1] <= r.concurrency.sessions_open.peak, JSON.stringify(means[i])));
  const sums = await page.evaluate(() => {
    const { series } = JSON.parse(document.getElementById('figures').textContent);
    return series.regions.map((r) => [r.attempts.reduce((a, b) => a + b, 0), r.failed.reduce((a, b) => a + b, 0)]);
  });
  equal('points over time add up', sums, report.regions.map((r) => [r.attempts.ok + r.attempts.failed, r.attempts.failed]));
}

async function checkAccess(page) {
  const faults = await page.evaluate(() => {
    const found = [];
    for (const table of document.querySelectorAll('table')) {
      if (!table.caption || !table.caption.textContent) found.push('a table without a caption');
      if (table.querySelector('th:not([scope])')) found.push('a heading without scope');
    }
    for (const canvas of document.querySelectorAll('canvas')) {
      if (!canvas.getAttribute('aria-label') || canvas.getAttribute('role') !== 'img') found.push('a chart without a label');
    }
    let level = 0;
    for (const heading of document.querySelectorAll('h1, h2, h3, h4')) {
      const now = Number(heading.tagName[1]);
      if (now > level + 1) found.push('a heading out of order: ' + heading.textContent);
      level = now;
    }
    if (document.querySelectorAll('h1').length !== 1) found.push('not one h1');
    const ids = [...document.querySelectorAll('[id]')].map((element) => element.id);
    if (new Set(ids).size !== ids.length) found.push('an id twice');
    for (const element of document.querySelectorAll('[aria-labelledby]')) {
      if (!document.getElementById(element.getAttribute('aria-labelledby'))) found.push('a label that is not there');
    }
    for (const element of document.querySelectorAll('button, select, summary, a')) {
      if (!element.textContent.trim()) found.push('a control without a name');
    }
    for (const element of document.querySelectorAll('select')) if (element.labels.length === 0) found.push('a select without a label');
    for (const element of document.querySelectorAll('[role=region]')) {
      if (!element.getAttribute('aria-label') || element.tabIndex < 0) found.push('a box that the keyboard cannot scroll');
    }
    for (const element of document.querySelectorAll('*')) {
      for (const { name } of element.attributes) if (name.startsWith('on')) found.push('a handler attribute ' + name);
    }
    for (const link of document.querySelectorAll('nav a')) {
      if (!document.getElementById(link.getAttribute('href').slice(1))) found.push('a link to nowhere: ' + link.textContent);
    }
    return found;
  });
  equal('captions, scopes, labels, no handlers, no dead links', faults, []);
}

const near = (a, b) => Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(b));

// The sentence at the top says what the report's patterns and rates say.
async function checkStory(page) {
  const story = await page.locator('[data-figure=story]').evaluate((element) => ({ ...element.dataset, text: element.textContent }));
  check('a sentence at the top', story.text.length > 20 && story.text.endsWith('.'), story.text);
  const kind = Number(story.kind);
  const region = report.regions.find((r) => r.name === story.region);
  if (kind >= 4 && kind < 7) check('the sentence names its region', story.text.startsWith(`${story.region} failed`), story.text);
  if (kind === 4) {
    const found = report.patterns.concentration.find((c) => c.region === story.region);
    check('the worst window', near(Number(story.value), found.there.value) && near(Number(story.rest), found.rest.value));
    check('its p', near(Number(story.p), found.p));
  } else if (kind === 5) {
    const name = / in the window ([^ ,(]+)/.exec(story.text)[1];
    const cells = report.windows.filter((w) => w.name === name).map((w) => w.regions.find((r) => r.name === story.region));
    const sum = (key) => cells.reduce((n, cell) => n + key(cell), 0);
    check('the named window', near(Number(story.value), sum((r) => r.attempts.failed) / sum((r) => r.attempts.ok + r.attempts.failed)));
    check('a p that it can have', Number(story.p) >= 0 && Number(story.p) < 0.05);
  } else if (kind === 6) {
    check('the worst region', near(Number(story.value), region.failure_rate.attempt.value), JSON.stringify(story));
    const others = report.regions.filter((r) => r !== region);
    const sum = (key) => others.reduce((n, r) => n + key(r), 0);
    check('the other regions', near(Number(story.rest), sum((r) => r.attempts.failed) / sum((r) => r.attempts.ok + r.attempts.failed)));
  } else if (kind === 7) {
    const gravest = report.incidents.reduce((worst, incident) => (incident.failed > worst.failed ? incident : worst));
    check('the gravest incident', near(Number(story.value), gravest.failed / gravest.attempts) && story.text.includes(gravest.regions[0]));
    check('what fails outside', near(Number(story.rest), report.incident_search.all.outside.failure_rate.value));
  } else if (kind < 4 && story.value !== '') {
    const sum = (key) => report.regions.reduce((n, r) => n + key(r), 0);
    check('all attempts', near(Number(story.value), sum((r) => r.attempts.failed) / sum((r) => r.attempts.ok + r.attempts.failed)));
  }
  // In words before, and the thresholds apart from it.
  const plain = await page.locator('.verdict .plain').allTextContents();
  check('a plain sentence at most, and no statistics in it', plain.length <= 1 && plain.every((text) => text.endsWith('.') && !/[(]|95%|\bp\b/.test(text)), plain[0]);
  if (plain.length > 0 && kind >= 4) check('it says how much more', /times as often as|more often than|alone failed|no other time/.test(plain[0]), plain[0]);
  const times = / ([\d.]+) times as often/.exec(plain[0] ?? '');
  if (times && kind < 7) check('the ratio', Math.abs(Number(times[1]) / (Number(story.value) / Number(story.rest)) - 1) < 0.06, plain[0]);
  equal('no verdict in the finding', await page.locator('.verdict .word').count(), 0);
  if (!report.generator.trustworthy) check('a warning on the generator', await page.locator('.verdict .warning').count() === 1);
}

// Every cell of the matrix is a cell of the report, marked when it is not valid, and not told by its colour alone.
async function checkMatrix(page) {
  const matrix = await page.evaluate(() => {
    const table = document.querySelector('.matrix table');
    return { ...table.dataset, cells: [...table.querySelectorAll('td')].map((td) => ({
      ...td.dataset, text: td.textContent, title: td.title, bad: td.classList.contains('bad'), first: td.cellIndex === 1 })) };
  });
  const value = (cell) => (cell.value === '' ? null : Number(cell.value));
  for (const cell of matrix.cells) {
    check('a figure in each cell', /%|-/.test(cell.text) && cell.title.length > 10, JSON.stringify(cell));
    const region = Number(cell.region);
    let wanted;
    if (cell.first) {
      wanted = report.regions[region];
    } else if (matrix.by === 'hour') {
      const hour = report.patterns.hours.regions[region].hours[Number(cell.start) / 3600000];
      equal('an hour of the matrix', value(cell), hour.failure_rate.value);
      continue;
    } else if (matrix.fold === '1' && matrix.by !== 'series') {
      wanted = report.windows.find((w) => w.name === matrix.by && Date.parse(w.start) === Number(cell.start)).regions[region];
    } else {
      continue;
    }
    equal('a cell of the matrix', value(cell), wanted.failure_rate.attempt.value);
    equal('its mark', cell.bad, !wanted.valid);
  }
}

async function checkRetries(page) {
  const figure = async (name) => {
    const text = await page.getAttribute(`section[aria-labelledby=retries] [data-figure="${name}"]`, 'data-value');
    return text === '' ? null : Number(text);
  };
  const { interactions, attempts } = report.totals;
  equal('recovered', await figure('totals.interactions.recovered'), interactions.recovered);
  equal('cost of failures', await figure('totals.failed_cost_usd'), report.totals.failed_cost_usd);
  check('amplification', near(await figure('amplification'), (attempts.ok + attempts.failed) / (interactions.ok + interactions.failed)));
  const rows = await rowsOf(page, 'How interactions ended');
  report.regions.forEach((r, i) => {
    const wanted = [r.interactions.ok - r.interactions.recovered, r.interactions.recovered, r.interactions.failed];
    equal(`${r.name}: ends of interactions`, rows[i].slice(1, 4).map((text) => text.split(' ')[0]), wanted.map(count));
  });
}

// run.sh lays an advisory over the first interval of the first region: it is in the data, and that region's charts over
// time have it, as that of all regions together.
async function checkAdvisory(page) {
  const { health, start } = await page.evaluate(() => {
    const data = JSON.parse(document.getElementById('figures').textContent);
    return { health: data.health, start: data.series.start_ms[0] };
  });
  equal('one advisory', health.map((event) => [event.title, event.start_ms]), [['An <advisory>', start]]);
  const shaded = await page.evaluate(() => Object.values(Chart.instances).map((chart) => ({
    kind: chart.canvas.dataset.chart, region: Number(chart.canvas.dataset.region),
    advisories: ((chart.config.options.plugins.advisories || {}).spans || []).filter((span) => span.title === 'An <advisory>').length })));
  for (const chart of shaded.filter((one) => ['rate', 'ttft', 'codes'].includes(one.kind))) {
    const wanted = chart.kind === 'codes' || chart.region === 0 ? 1 : 0;
    equal(`advisories in the chart ${chart.kind} ${chart.region}`, chart.advisories, wanted);
  }
  // An incident shades the charts of the regions that it struck, and that of all regions together.
  const marked = await page.evaluate(() => Object.values(Chart.instances).map((chart) => ({
    kind: chart.canvas.dataset.chart, region: Number(chart.canvas.dataset.region),
    incidents: ((chart.config.options.plugins.advisories || {}).spans || []).filter((span) => span.color === '--fail').length })));
  for (const chart of marked.filter((one) => ['rate', 'ttft', 'codes'].includes(one.kind))) {
    const struck = report.incidents.filter((incident) => chart.kind === 'codes' || incident.regions.includes(report.regions[chart.region].name));
    equal(`incidents in the chart ${chart.kind} ${chart.region}`, chart.incidents, struck.length);
  }
}

// Before paper is drawn the charts are as wide as the sheet, whatever the window is, and none is wider than its figure.
async function checkPaper(browser, name, width) {
  const { page, close } = await open(browser, { colorScheme: 'dark', viewport: { width, height: 900 } });
  const before = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  await page.evaluate(() => window.dispatchEvent(new Event('beforeprint')));
  const drawn = await page.evaluate(() => [...document.querySelectorAll('canvas')].map((canvas) => {
    const box = canvas.getBoundingClientRect();
    const around = canvas.closest('figure').getBoundingClientRect();
    return { kind: canvas.dataset.chart, over: Math.round(Math.max(around.left - box.left, box.right - around.right)), width: box.width };
  }));
  check(`${name}: no chart beyond its figure`, drawn.every((one) => one.over <= 0 && one.width > 150), JSON.stringify(drawn));
  const body = await page.evaluate(() => document.body.getBoundingClientRect().width);
  check(`${name}: as wide as the sheet`, Math.abs(body - 186 / 25.4 * 96) < 2, body);
  await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
  check(`${name}: light on paper`, before !== await page.evaluate(() => getComputedStyle(document.body).backgroundColor));
  await close();
}

async function checkData(page) {
  const data = await page.evaluate(() => JSON.parse(document.getElementById('figures').textContent));
  equal('ages', data.ages, report.ages);
  const codes = {};
  for (const region of report.regions) for (const f of region.failures) codes[f.code] = (codes[f.code] ?? 0) + f.count;
  const shown = Object.fromEntries(data.codes.filter((entry) => entry.code in codes).map((entry) =>
    [entry.code, entry.regions.flat().reduce((a, b) => a + b, 0)]));
  for (const [code, n] of Object.entries(shown)) equal(`${code} over time`, n, codes[code]);
  const sum = (numbers) => numbers.reduce((a, b) => a + b, 0);
  equal('failures over time', sum(data.codes.flatMap((entry) => entry.regions.flat())), sum(Object.values(codes)));
}

// Sorting by the keyboard alone: the heading's button, and what aria-sort then says.
async function checkSorting(page) {
  const table = page.locator('table', { has: page.locator('caption', { hasText: /^By window/ }) }).first();
  if (await table.count() === 0) return;
  const at = await table.evaluate((t) => [...t.tHead.rows[0].cells].findIndex((th) => th.textContent.startsWith('failed')));
  const th = table.locator('thead th').nth(at);
  const column = () => table.evaluate((t, c) => [...t.tBodies[0].rows].map((row) => Number(row.cells[c].textContent.replace(/,/g, ''))), at);
  const before = await column();
  await th.locator('button').focus();
  await page.keyboard.press('Enter');
  equal('aria-sort after Enter', await th.getAttribute('aria-sort'), 'descending');
  equal('largest first', await column(), [...before].sort((a, b) => b - a));
  await page.keyboard.press('Space');
  equal('aria-sort after Space', await th.getAttribute('aria-sort'), 'ascending');
  equal('smallest first', await column(), [...before].sort((a, b) => a - b));
  equal('one sorted column', await table.locator('th[aria-sort]').count(), 1);
}

// No part may push the page wider than the screen, and the text must stand out from its ground.
async function checkLook(browser, name, options) {
  const { page, problems, close } = await open(browser, options);
  const wider = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  equal(`${name}: no sideways scrolling`, wider, 0);
  const contrast = await page.evaluate(() => {
    const channel = (c) => (c / 255 <= 0.03928 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4);
    const light = (rgb) => {
      const [r, g, b] = rgb.match(/[\d.]+/g).map(Number);
      return 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
    };
    const ratio = (a, b) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const ground = light(getComputedStyle(document.body).backgroundColor);
    return [...document.querySelectorAll('h1, h2, .run, nav a, .hint, .verdict p, .card dt, .card dd, td:not(.matrix td), thead button, figcaption, summary, .why p, .legend')].map(
      (element) => [element.className || element.tagName, ratio(light(getComputedStyle(element).color), ground)])
      .filter(([, value]) => value < 4.5);
  });
  equal(`${name}: contrast of at least 4.5`, contrast, []);
  // The matrix has grounds of its own: each of its colours, whether or not this run has such a cell.
  const squares = await page.evaluate(() => {
    const channel = (c) => (c / 255 <= 0.03928 ? c / 255 / 12.92 : ((c / 255 + 0.055) / 1.055) ** 2.4);
    const light = (rgb) => {
      const [r, g, b] = rgb.match(/[\d.]+/g).map(Number);
      return 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
    };
    const cell = document.querySelector('.matrix td');
    if (!cell) return [];
    return ['h0', 'h1', 'h2', 'h3', 'h4', 'h5', 'h6'].filter((name) => {
      cell.className = name;
      const style = getComputedStyle(cell);
      const [a, b] = [light(style.color), light(style.backgroundColor)];
      return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05) < 4.5;
    });
  });
  equal(`${name}: contrast in the matrix`, squares, []);
  equal(`${name}: no error, no request`, problems, []);
  await close();
}

const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', headless: true, args: flags });
try {
  const { page, problems, close } = await open(browser, { colorScheme: 'light' });
  await checkFigures(page);
  await checkRunJson();
  await checkTables(page);
  await checkStory(page);
  await checkMatrix(page);
  await checkRetries(page);
  await checkData(page);
  await checkAdvisory(page);
  await checkCharts(page);
  await checkSorting(page);
  await checkAccess(page);
  equal('no error, no request', problems, []);
  await close();
  await checkLook(browser, 'light', { colorScheme: 'light', viewport: { width: 1200, height: 900 } });
  await checkLook(browser, 'dark', { colorScheme: 'dark', viewport: { width: 1200, height: 900 } });
  await checkLook(browser, 'narrow', { colorScheme: 'light', viewport: { width: 390, height: 844 } });
  await checkLook(browser, 'very narrow', { colorScheme: 'dark', viewport: { width: 340, height: 740 } });
  await checkPaper(browser, 'paper from a wide window', 1400);
  await checkPaper(browser, 'paper from a narrow window', 390);
  check('the page is smaller than a megabyte', statSync(htmlFile).size < 1e6);
} finally {
  await browser.close();
}
console.log(`${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
