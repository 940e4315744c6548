// Draws the charts of a report from the figures in the page itself. Nothing is fetched.
(function () {
  'use strict';

  const figures = JSON.parse(document.getElementById('figures').textContent);
  const series = figures.series;
  const charts = [];

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
  function time(ms) { return clock(fine).format(ms); }

  // ---- colours -----------------------------------------------------------------------------------------------

  function color(name) { return getComputedStyle(document.documentElement).getPropertyValue(name).trim(); }
  function regionColor(region) { return color('--r' + (region % 8)); }
  function faded(hex, alpha) { return hex + Math.round(alpha * 255).toString(16).padStart(2, '0'); }

  // ---- axes --------------------------------------------------------------------------------------------------

  const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 172800, 604800];

  // Ticks on round times, at most `most` of them.
  function timeTicks(axis, most) {
    const span = (axis.max - axis.min) / 1000;
    const step = (steps.find((s) => span / s <= most) || 604800) * 1000;
    const ticks = [];
    for (let t = Math.ceil(axis.min / step) * step; t <= axis.max; t += step) ticks.push({ value: t });
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
      layout: { padding: { right: 8 } }
    }, extra);
  }

  function legend(filter) {
    return {
      position: 'bottom', align: 'start',
      labels: { color: color('--soft'), boxWidth: 18, boxHeight: 2, padding: 14, filter: filter || (() => true) }
    };
  }

  // The same top for every region's panel, so that they can be compared by eye.
  function top(key) {
    let max = 0;
    for (const region of series.regions) for (const value of region[key]) if (value !== null && value > max) max = value;
    return max;
  }

  function middle(i) { return series.start_ms[i] + series.step_ms / 2; }
  function points(values) { return values.map((y, i) => ({ x: middle(i), y })); }
  function dots(region) { return series.start_ms.length > 36 ? 0 : series.regions[region].rate.map(() => 2.5); }

  // ---- the charts --------------------------------------------------------------------------------------------

  function quantile(values, q) {
    const sorted = values.slice().sort((a, b) => a - b);
    return sorted.length === 0 ? 0 : sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];
  }

  // The scale follows the points that have something to say: a last point of three attempts would flatten all others.
  function findRateTop() {
    const points = series.regions.flatMap((region) =>
      region.attempts.map((n, i) => ({ n, rate: region.rate[i], high: region.high[i] })).filter((point) => point.n > 0));
    const few = quantile(points.map((point) => point.n), 0.5) / 4;
    const solid = points.filter((point) => point.n >= few);
    const peak = Math.max(0, ...solid.map((point) => point.rate));
    const band = quantile(solid.map((point) => point.high), 0.95);
    const wanted = Math.max(peak * 1.15, Math.min(band * 1.05, Math.max(0.02, peak * 2.2)));
    return [0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1].find((end) => wanted <= end) || 1;
  }

  const rateTop = findRateTop();
  function beyond(rate) { return rate !== null && rate > rateTop; }

  function rateChart(region) {
    const data = series.regions[region];
    const mine = regionColor(region);
    const line = { borderColor: 'transparent', pointRadius: 0, pointHitRadius: 0, borderWidth: 0 };
    const y = axis({ min: 0, max: rateTop });
    const radius = dots(region) || data.rate.map(() => 0);
    y.ticks.callback = axisPercent;
    y.ticks.maxTicksLimit = 6;
    return {
      type: 'line',
      data: {
        datasets: [
          Object.assign({ label: 'low', data: points(data.low) }, line),
          Object.assign({ label: '95% interval', data: points(data.high), fill: '-1', backgroundColor: faded(mine, 0.2) }, line),
          {
            label: 'failure rate', data: points(data.rate.map((rate) => (beyond(rate) ? rateTop : rate))),
            borderColor: mine, backgroundColor: mine, borderWidth: 2, clip: 8,
            pointRadius: data.rate.map((rate, i) => (beyond(rate) ? 5 : data.valid[i] ? radius[i] : 4)), pointHitRadius: 8,
            pointStyle: data.valid.map((ok, i) => (beyond(data.rate[i]) ? 'triangle' : ok ? 'circle' : 'crossRot'))
          }
        ]
      },
      options: options({
        scales: { x: timeAxis(), y },
        plugins: {
          legend: { display: false },
          tooltip: {
            filter: (item) => item.datasetIndex === 2,
            callbacks: {
              title: (items) => items.length ? time(series.start_ms[items[0].dataIndex]) : '',
              label: (item) => {
                const i = item.dataIndex;
                return [percent(data.rate[i]) + ' (' + percent(data.low[i]) + ' to ' + percent(data.high[i]) + ')',
                  data.failed[i] + ' of ' + data.attempts[i] + ' attempts' + (data.valid[i] ? '' : ', invalid')];
              }
            }
          }
        }
      })
    };
  }

  function enough(data, i) { return data.n[i] >= figures.tail_min; }

  function ttftChart(region) {
    const data = series.regions[region];
    const mine = regionColor(region);
    const y = axis({ min: 0, suggestedMax: top('tail') });
    y.ticks.callback = axisDuration;
    y.ticks.maxTicksLimit = 6;
    const anyShort = data.n.some((n, i) => n > 0 && !enough(data, i));
    const anyLong = data.n.some((n, i) => enough(data, i));
    const tailName = !anyLong ? 'slowest (n too small for P99)' : anyShort ? 'P99 (hollow: slowest, n too small)' : 'P99';
    return {
      type: 'line',
      data: {
        datasets: [
          { label: 'P50', data: points(data.p50), borderColor: mine, backgroundColor: mine, borderWidth: 2, pointRadius: dots(region), pointHitRadius: 8 },
          {
            label: tailName, data: points(data.tail), borderColor: mine, borderWidth: 1.5, borderDash: [5, 4],
            backgroundColor: mine, pointRadius: dots(region), pointHitRadius: 8,
            pointBackgroundColor: data.n.map((n, i) => (enough(data, i) ? mine : color('--card')))
          }
        ]
      },
      options: options({
        scales: { x: timeAxis(), y },
        plugins: {
          legend: legend(),
          tooltip: {
            callbacks: {
              title: (items) => items.length ? time(series.start_ms[items[0].dataIndex]) : '',
              label: (item) => (item.datasetIndex === 0 ? 'P50 ' : enough(data, item.dataIndex) ? 'P99 ' : 'slowest ') +
                duration(item.parsed.y) + (item.datasetIndex === 0 ? ' of ' + data.n[item.dataIndex] : '')
            }
          }
        }
      })
    };
  }

  const pointStyles = ['circle', 'rect', 'triangle', 'rectRot', 'star', 'crossRot', 'cross', 'dash'];

  function curveChart(metric) {
    const x = axis({ type: 'logarithmic', min: 1, title: { display: true, text: 'percentile', color: color('--soft') } });
    x.afterBuildTicks = (scale) => {
      scale.ticks = [1, 2, 10, 100, 1000, 10000, 100000, 1000000].filter((v) => v <= scale.max).map((value) => ({ value }));
    };
    x.ticks.callback = percentile;
    const y = axis({ min: 0 });
    y.ticks.callback = axisDuration;
    return {
      type: 'line',
      data: {
        datasets: figures.regions.map((name, r) => ({
          label: name,
          data: figures.curves[metric][r].map(([px, py]) => ({ x: px, y: py })),
          borderColor: regionColor(r), backgroundColor: regionColor(r), borderWidth: 2,
          pointStyle: pointStyles[r % 8], pointHitRadius: 8,
          pointRadius: figures.curves[metric][r].map((p, i) => (i % 16 === 0 ? 4 : 0))
        }))
      },
      options: options({
        interaction: { mode: 'nearest', axis: 'x', intersect: false },
        scales: { x, y },
        plugins: {
          legend: legend(),
          tooltip: {
            callbacks: {
              title: (items) => items.length ? 'P' + percentile(items[0].parsed.x).slice(0, -1) : '',
              label: (item) => item.dataset.label + ': ' + duration(item.parsed.y)
            }
          }
        }
      })
    };
  }

  function codesChart() {
    const x = axis({ stacked: true, beginAtZero: true });
    x.ticks.precision = 0;
    const y = axis({ stacked: true });
    y.grid.display = false;
    y.ticks.color = color('--ink');
    y.ticks.autoSkip = false;
    return {
      type: 'bar',
      data: {
        labels: figures.codes.map((entry) => entry.code),
        datasets: figures.regions.map((name, r) => ({
          label: name, data: figures.codes.map((entry) => entry.counts[r]), backgroundColor: regionColor(r),
          maxBarThickness: 26, borderRadius: 3
        }))
      },
      options: options({
        indexAxis: 'y', scales: { x, y },
        interaction: { mode: 'nearest', axis: 'y', intersect: false },
        plugins: { legend: Object.assign(legend(), { labels: Object.assign(legend().labels, { boxHeight: 10 }) }) }
      })
    };
  }

  // ---- the tables beside the charts --------------------------------------------------------------------------

  function seriesRows(region, kind) {
    const d = series.regions[region];
    if (kind === 'rate') {
      return [['time', 'attempts', 'failed', 'failure rate', 'low', 'high']].concat(series.start_ms.map((t, i) =>
        [time(t), d.attempts[i], d.failed[i], percent(d.rate[i]), percent(d.low[i]), percent(d.high[i])]));
    }
    return [['time', 'values', 'P50', 'P99', 'slowest']].concat(series.start_ms.map((t, i) =>
      [time(t), d.n[i], duration(d.p50[i]), enough(d, i) ? duration(d.tail[i]) : d.n[i] ? 'n too small' : '-',
        enough(d, i) ? '-' : duration(d.tail[i])]));
  }

  function curveRows(metric) {
    const rows = [['percentile'].concat(figures.regions)];
    const longest = Math.max(0, ...figures.curves[metric].map((c) => c.length));
    for (let i = 0; i < longest; i++) {
      const at = figures.curves[metric].find((c) => c.length === longest)[i][0];
      rows.push([percentile(at)].concat(figures.curves[metric].map((c) => {
        const point = c.find(([x]) => Math.abs(x - at) < at * 1e-6);
        return point ? duration(point[1]) : '-';
      })));
    }
    return rows;
  }

  function rowsOf(kind, region) {
    if (kind === 'rate' || kind === 'ttft') return seriesRows(region, kind);
    if (kind === 'codes') return [['code'].concat(figures.regions)].concat(figures.codes.map((e) => [e.code].concat(e.counts)));
    return curveRows(kind.slice('curve-'.length));
  }

  function cell(tag, text, scope, number) {
    const element = document.createElement(tag);
    element.textContent = text;
    if (scope) element.scope = scope;
    if (number) element.className = 'number';
    return element;
  }

  function fillTable(box, caption, rows) {
    const table = document.createElement('table');
    const head = table.createTHead().insertRow();
    const body = table.createTBody();
    table.createCaption().textContent = caption;
    rows[0].forEach((text, i) => head.append(cell('th', text, 'col', i > 0)));
    for (const row of rows.slice(1)) {
      const tr = body.insertRow();
      row.forEach((text, i) => tr.append(cell(i === 0 ? 'th' : 'td', text, i === 0 ? 'row' : '', i > 0)));
    }
    box.tabIndex = 0;
    box.setAttribute('role', 'region');
    box.setAttribute('aria-label', caption);
    box.replaceChildren(table);
  }

  // ---- putting it on the page --------------------------------------------------------------------------------

  function configOf(kind, region) {
    if (kind === 'rate') return rateChart(region);
    if (kind === 'ttft') return ttftChart(region);
    if (kind === 'codes') return codesChart();
    return curveChart(kind.slice('curve-'.length));
  }

  function draw() {
    while (charts.length > 0) charts.pop().destroy();
    Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
    for (const canvas of document.querySelectorAll('canvas[data-chart]')) {
      const kind = canvas.dataset.chart;
      if ((kind === 'rate' || kind === 'ttft') && series.start_ms.length === 0) continue;
      charts.push(new Chart(canvas, configOf(kind, Number(canvas.dataset.region))));
    }
  }

  function describeSteps() {
    const seconds = series.step_ms / 1000;
    const step = seconds % 3600 === 0 ? seconds / 3600 + ' h' : seconds % 60 === 0 ? seconds / 60 + ' min' : seconds + ' s';
    document.getElementById('steps').textContent = series.start_ms.length === 0 ? 'The run has no whole interval.' :
      'Each point stands for ' + step + '; times are ' + figures.zone.replace(/_/g, ' ') +
      '. A band is the 95% interval of the failure rate, and a cross marks figures that are not valid. ' +
      'The panels of a row share their scale.' +
      (series.regions.some((region) => region.rate.some(beyond)) ?
        ' A triangle at the top stands for a rate beyond the scale, out of few attempts.' : '');
  }

  for (const details of document.querySelectorAll('figure details')) {
    const figure = details.parentElement;
    const canvas = figure.querySelector('canvas');
    details.addEventListener('toggle', () => {
      const box = details.querySelector('.scroll');
      if (!details.open || box.firstChild) return;
      fillTable(box, figure.querySelector('figcaption').textContent, rowsOf(canvas.dataset.chart, Number(canvas.dataset.region)));
    });
  }

  describeSteps();
  const codes = document.querySelector('.chart.codes');
  if (codes) codes.style.height = Math.max(150, 90 + 34 * figures.codes.length) + 'px';
  draw();
  window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', draw);
  window.addEventListener('beforeprint', () => { document.documentElement.classList.add('print'); draw(); });
  window.addEventListener('afterprint', () => { document.documentElement.classList.remove('print'); draw(); });
})();
