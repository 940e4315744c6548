// Draws the charts of a report from the figures in the page itself. Nothing is fetched. This file: the figures, and how they
// are written and coloured. The files page_*.js stand one after the other in one script.
'use strict';

const figures = JSON.parse(document.getElementById('figures').textContent);
const series = figures.series;

// ---- words -------------------------------------------------------------------------------------------------

function percent(x) {
  if (x === null || x === undefined) return '-';
  const p = x * 100;
  if (p === 0) return '0%';
  if (p < 0.01) return p.toPrecision(2) + '%';
  return (p >= 9.995 ? p.toFixed(p >= 99.995 ? 0 : 1) : p.toFixed(2)) + '%';
}

function duration(ms) {
  if (ms === null || ms === undefined) return '-';
  if (ms < 999.5) return (ms >= 99.95 ? ms.toFixed(0) : ms >= 9.995 ? ms.toFixed(1) : ms.toFixed(2)) + ' ms';
  const s = ms / 1000;
  return (s >= 99.95 ? s.toFixed(0) : s >= 9.995 ? s.toFixed(1) : s.toFixed(2)) + ' s';
}

function axisPercent(x) { return +(x * 100).toPrecision(3) + '%'; }
function axisDuration(ms) { return ms >= 1000 ? +(ms / 1000).toPrecision(3) + ' s' : +ms.toPrecision(3) + ' ms'; }
function percentile(x) { return x <= 1 ? '0%' : +((1 - 1 / x) * 100).toFixed(Math.max(0, Math.ceil(Math.log10(x)))) + '%'; }

const clocks = {};
function clock(withSeconds) {
  const key = withSeconds ? 's' : 'm';
  if (clocks[key]) return clocks[key];
  const options = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZone: figures.zone };
  if (withSeconds) options.second = '2-digit';
  try {
    clocks[key] = new Intl.DateTimeFormat('en-GB', options);
  } catch (unknownZone) {
    options.timeZone = 'UTC';
    clocks[key] = new Intl.DateTimeFormat('en-GB', options);
  }
  return clocks[key];
}

const fine = series.step_ms < 60000;
const manyDays = series.start_ms.length > 0 && series.start_ms[series.start_ms.length - 1] - series.start_ms[0] > 86400000;
function day(ms) {
  const options = { weekday: 'short', day: 'numeric', month: 'short', timeZone: figures.zone };
  try {
    return new Intl.DateTimeFormat('en-GB', options).format(ms);
  } catch (unknownZone) {
    return new Intl.DateTimeFormat('en-GB', Object.assign(options, { timeZone: 'UTC' })).format(ms);
  }
}
function moment(ms) { return (manyDays ? day(ms) + ' ' : '') + clock(fine).format(ms); }

// ---- colours -----------------------------------------------------------------------------------------------

function color(name) { return getComputedStyle(document.documentElement).getPropertyValue(name).trim(); }
function regionColor(region) { return color('--r' + (region % 8)); }
function faded(hex, alpha) { return hex + Math.round(alpha * 255).toString(16).padStart(2, '0'); }

// ---- axes --------------------------------------------------------------------------------------------------

const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800];

// All charts over time begin at the same place, so that the load stands below what it did.
function aligned(y) {
  y.afterFit = (scale) => { scale.width = Math.max(scale.width, 56); };
  return y;
}

// How far the zone's clock is ahead of UTC at a time.
function aheadOf(ms) {
  const wanted = { year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric', hourCycle: 'h23' };
  const parts = {};
  const zone = clock(false).resolvedOptions().timeZone;
  for (const { type, value } of new Intl.DateTimeFormat('en-GB', Object.assign(wanted, { timeZone: zone })).formatToParts(ms)) {
    parts[type] = Number(value);
  }
  return Date.UTC(parts.year, parts.month - 1, parts.day, parts.hour, parts.minute) - Math.floor(ms / 60000) * 60000;
}

// Ticks on times that are round on the zone's clock, at most `most` of them.
function timeTicks(axis, most) {
  const span = (axis.max - axis.min) / 1000;
  const step = (steps.find((s) => span / s <= most) || 604800) * 1000;
  const ahead = aheadOf(axis.min);
  const ticks = [];
  for (let t = Math.ceil((axis.min + ahead) / step) * step - ahead; t <= axis.max; t += step) ticks.push({ value: t });
  axis.ticks = ticks;
}

function axis(extra) {
  return Object.assign({
    border: { display: false },
    grid: { color: color('--line'), drawBorder: false, drawTicks: false },
    ticks: { color: color('--soft'), padding: 6, maxRotation: 0, autoSkipPadding: 12 }
  }, extra);
}

function timeAxis() {
  const start = series.start_ms[0];
  const end = series.start_ms[series.start_ms.length - 1] + series.step_ms;
  const result = axis({
    type: 'linear', min: start, max: end,
    afterBuildTicks: (scale) => timeTicks(scale, Math.max(2, Math.floor(scale.width / 55)))
  });
  result.ticks.callback = (value) => clock(fine && end - start < 600000).format(value);
  result.grid.display = false;
  return result;
}

function options(extra) {
  return Object.assign({
    animation: false,
    responsive: true,
    maintainAspectRatio: false,
    interaction: { mode: 'index', intersect: false },
    layout: { padding: { right: 8, top: figures.health.length + figures.incidents.length + figures.holds.length > 0 ? 16 : 0 } }
  }, extra);
}

function legend(filter) {
  return {
    position: 'bottom', align: 'start',
    labels: { color: color('--soft'), boxWidth: 18, boxHeight: 2, padding: 14, filter: filter || (() => true) }
  };
}

// The same top for every region's panel, so that they can be compared by eye.
function highest(key) {
  let max = 0;
  for (const region of series.regions) for (const value of region[key]) if (value !== null && value > max) max = value;
  return max;
}

function middle(i) { return series.start_ms[i] + series.step_ms / 2; }
function points(values) { return values.map((y, i) => ({ x: middle(i), y })); }
function dots(region) { return series.start_ms.length > 36 ? 0 : series.regions[region].rate.map(() => 2.5); }
