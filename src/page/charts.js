// The charts: failure rate, time to first token, attempts per interaction, failures by code, age, percentile curves.

// ---- what Azure said of the time -----------------------------------------------------------------------------------------

// The advisories whose file was given for a region.
function advisoriesOf(region) { return figures.health.filter((event) => event.regions[region]); }

// The incidents that struck a region; -1 is any.
function incidentsOf(region) {
  return figures.incidents.filter((incident) => region < 0 || incident.regions[region])
    .map((incident) => Object.assign({ title: figures.incidents.length > 4 ? '' : 'incident', color: '--fail' }, incident));
}

// The times in which a region's load was held back.
function holdsOf(region) {
  return figures.holds.filter((hold) => hold.region === figures.regions[region])
    .map((hold) => ({ title: 'held: ' + hold.code, start_ms: hold.start_ms, end_ms: hold.end_ms, color: '--soft', narrow: true }));
}

// What shades the charts of a region; -1 is all of them together.
function spansOf(region) {
  if (region < 0) return figures.health.concat(incidentsOf(region));
  return advisoriesOf(region).concat(incidentsOf(region), holdsOf(region));
}

// As much of a text as there is room for.
function fitted(ctx, text, room) {
  if (ctx.measureText(text).width <= room) return text;
  let length = text.length;
  while (length > 0 && ctx.measureText(text.slice(0, length) + '…').width > room) length -= 1;
  return text.slice(0, length) + '…';
}

// A shaded span behind the lines, with its title above it: an advisory, an incident, or a hold.
const advisories = {
  id: 'advisories',
  beforeDatasetsDraw(chart, args, options) {
    const { ctx, chartArea: area, scales: { x } } = chart;
    for (const span of options.spans || []) {
      const left = Math.max(area.left, x.getPixelForValue(span.start_ms));
      const right = Math.min(area.right, Math.max(left + 2, x.getPixelForValue(span.end_ms)));
      if (right <= left) continue;
      const tint = color(span.color || '--unsure');
      ctx.save();
      ctx.fillStyle = faded(tint, 0.14);
      ctx.fillRect(left, area.top, right - left, area.bottom - area.top);
      ctx.fillStyle = tint;
      ctx.fillRect(left, area.top - 2, right - left, 2);
      ctx.font = '11px ' + Chart.defaults.font.family;
      ctx.textAlign = left > (area.left + area.right) / 2 ? 'right' : 'left';
      // Holds may be many, and none may write over its neighbour.
      const room = span.narrow ? right - left : ctx.textAlign === 'left' ? area.right - left : right - area.left;
      const title = span.narrow && ctx.measureText(span.title).width > room ? '' : fitted(ctx, span.title, room);
      ctx.fillText(title, ctx.textAlign === 'left' ? left : right, area.top - 6);
      ctx.restore();
    }
  }
};

// ---- over time -----------------------------------------------------------------------------------------------------------

function quantile(values, q) {
  const sorted = values.slice().sort((a, b) => a - b);
  return sorted.length === 0 ? 0 : sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))];
}

function niceTop(wanted) {
  return [0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1].find((end) => wanted <= end) || 1;
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
  return niceTop(wanted);
}

const rateTop = findRateTop();
function beyond(rate) { return rate !== null && rate > rateTop; }

// The title of a tooltip over a chart over time.
function momentOf(items) { return items.length ? moment(series.start_ms[items[0].dataIndex]) : ''; }

function rateChart(region) {
  const data = series.regions[region];
  const mine = regionColor(region);
  const line = { borderColor: 'transparent', pointRadius: 0, pointHitRadius: 0, borderWidth: 0 };
  const y = aligned(axis({ min: 0, max: rateTop }));
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
        advisories: { spans: spansOf(region) },
        tooltip: {
          filter: (item) => item.datasetIndex === 2,
          callbacks: {
            title: momentOf,
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
  const y = aligned(axis({ min: 0, suggestedMax: highest('tail') }));
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
        advisories: { spans: spansOf(region) },
        tooltip: {
          callbacks: {
            title: momentOf,
            label: (item) => (item.datasetIndex === 0 ? 'P50 ' : enough(data, item.dataIndex) ? 'P99 ' : 'slowest ') +
              duration(item.parsed.y) + (item.datasetIndex === 0 ? ' of ' + data.n[item.dataIndex] : '')
          }
        }
      }
    })
  };
}

// ---- the load ------------------------------------------------------------------------------------------------------------

// Of a region, or of all of them together (-1).
function loadOf(key, region) {
  if (region >= 0) return series.regions[region][key];
  return series.start_ms.map((start, i) => {
    const values = series.regions.map((one) => one[key][i]).filter((value) => value !== null);
    return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0);
  });
}

function loadKnown() { return series.regions.some((region) => region.open.some((value) => value !== null)); }

function fewDigits(value) { return value === null || value === undefined ? '-' : String(value >= 100 ? Math.round(value) : +value.toPrecision(3)); }

// Sessions open and responses in flight share the scale on the left; arrivals have one of their own, so that all can be seen.
function loadChart(region) {
  const y = aligned(axis({ min: 0, suggestedMax: region < 0 ? undefined : highest('open') }));
  y.ticks.maxTicksLimit = 3;
  const soft = color('--soft');
  const line = { borderWidth: 1.5, pointRadius: 0, pointHitRadius: 8 };
  const datasets = [
    Object.assign({ label: 'sessions open', data: points(loadOf('open', region)), borderColor: soft, backgroundColor: faded(soft, 0.18), fill: true }, line),
    Object.assign({ label: 'in flight', data: points(loadOf('flight', region)), borderColor: color('--ink'), backgroundColor: color('--ink') }, line)
  ];
  const arrivals = loadOf('arrivals', region);
  const scales = { x: timeAxis(), y };
  if (arrivals.some((value) => value !== null)) {
    datasets.push(Object.assign({
      label: 'arrivals a minute', data: points(arrivals), yAxisID: 'y2', borderColor: color('--unsure'),
      backgroundColor: color('--unsure'), borderDash: [2, 3]
    }, line));
    scales.y2 = axis({ display: false, min: 0, position: 'right', suggestedMax: region < 0 ? undefined : highest('arrivals') });
  }
  scales.x.ticks.color = 'transparent'; // they stand above, and keep both charts as wide
  return {
    type: 'line',
    data: { datasets },
    options: options({
      layout: { padding: { right: 8, top: 4 } },
      scales,
      plugins: {
        legend: Object.assign(legend(), { labels: Object.assign(legend().labels, { padding: 8, boxWidth: 12, font: { size: 11 } }) }),
        tooltip: {
          callbacks: {
            title: momentOf,
            label: (item) => item.dataset.label + ' ' + fewDigits(item.parsed.y)
          }
        }
      }
    })
  };
}

// ---- what retries add ----------------------------------------------------------------------------------------------------

// From 1, which is no retry at all.
function amplificationChart(region) {
  const data = series.regions[region];
  const mine = regionColor(region);
  const y = aligned(axis({ min: 1, suggestedMax: Math.max(1.1, highest('amplification')) }));
  y.ticks.maxTicksLimit = 6;
  return {
    type: 'line',
    data: {
      datasets: [{
        label: 'attempts per interaction', data: points(data.amplification.map((value) => (value === null ? null : Math.max(1, value)))),
        borderColor: mine, backgroundColor: mine, borderWidth: 2, pointRadius: dots(region), pointHitRadius: 8
      }]
    },
    options: options({
      scales: { x: timeAxis(), y },
      plugins: {
        legend: { display: false },
        advisories: { spans: spansOf(region) },
        tooltip: {
          callbacks: {
            title: momentOf,
            label: (item) => fewDigits(data.amplification[item.dataIndex]) + ' attempts per interaction'
          }
        }
      }
    })
  };
}

// ---- failures by code ----------------------------------------------------------------------------------------------------

let codesOf = -1; // the region shown, -1 for all of them

function codeCounts(entry) {
  if (codesOf >= 0) return entry.regions[codesOf];
  return series.start_ms.map((start, i) => entry.regions.reduce((sum, counts) => sum + counts[i], 0));
}

function codesChart() {
  const x = timeAxis();
  const y = aligned(axis({ stacked: true, beginAtZero: true, title: { display: true, text: 'failed attempts', color: color('--soft') } }));
  x.stacked = true;
  x.offset = false;
  y.ticks.precision = 0;
  return {
    type: 'bar',
    data: {
      datasets: figures.codes.map((entry, c) => ({
        label: entry.code, data: points(codeCounts(entry)), backgroundColor: regionColor(c),
        borderColor: color('--card'), borderWidth: 1, barPercentage: 1, categoryPercentage: 1, barThickness: 'flex', maxBarThickness: 40
      }))
    },
    options: options({
      scales: { x, y },
      plugins: {
        legend: Object.assign(legend(), { labels: Object.assign(legend().labels, { boxHeight: 10, boxWidth: 10 }) }),
        advisories: { spans: spansOf(codesOf) },
        tooltip: {
          filter: (item) => item.parsed.y > 0,
          callbacks: { title: momentOf }
        }
      }
    })
  };
}

// ---- age -----------------------------------------------------------------------------------------------------------------

// Whiskers from low to high, in the colour of each point.
const whiskers = {
  id: 'whiskers',
  beforeDatasetsDraw(chart) {
    const { ctx, scales: { y } } = chart;
    chart.data.datasets.forEach((set, d) => {
      if (!set.whiskers || !chart.isDatasetVisible(d)) return;
      ctx.save();
      ctx.strokeStyle = set.borderColor;
      ctx.globalAlpha = 0.55;
      ctx.lineWidth = 2;
      chart.getDatasetMeta(d).data.forEach((point, i) => {
        if (!set.whiskers[i]) return;
        ctx.beginPath();
        ctx.moveTo(point.x, Math.max(chart.chartArea.top, y.getPixelForValue(set.whiskers[i][1])));
        ctx.lineTo(point.x, y.getPixelForValue(set.whiskers[i][0]));
        ctx.stroke();
      });
      ctx.restore();
    });
  }
};

const pointStyles = ['circle', 'rect', 'triangle', 'rectRot', 'star', 'crossRot', 'cross', 'dash'];

const ageKinds = {
  turns: { key: 'by_turn', axis: 'turn' },
  sockets: { key: 'by_socket_age', axis: 'age' },
  contexts: { key: 'by_context', axis: 'tokens' }
};

function bucketsOf(kind) { return ageKinds[kind].key; }

// The buckets in which any region has attempts.
function usedBuckets(kind) {
  const key = bucketsOf(kind);
  return figures.ages[0][key].map((bucket, b) => b).filter((b) => figures.ages.some((region) => region[key][b].attempts > 0));
}

// In two lines, for narrow screens: "< 30" over "min".
function tickLabel(kind, bucket) {
  if (kind !== 'sockets') return kind === 'turns' ? bucket.label : bucket.label.split(/ (?=to|and|[0-9])/);
  const seconds = bucket.to === null ? bucket.from : bucket.to;
  const sign = bucket.to === null ? '\u2265 ' : '< ';
  return seconds < 60 ? [sign + seconds, 's'] : [sign + seconds / 60, 'min'];
}

function agesChart(kind) {
  const key = bucketsOf(kind);
  const used = usedBuckets(kind);
  const labels = used.map((b) => tickLabel(kind, figures.ages[0][key][b]));
  const count = figures.regions.length;
  // A bucket of few attempts may not flatten all others: what lies above is drawn hollow at the top.
  const all = figures.ages.flatMap((region) => used.map((b) => region[key][b])).filter((bucket) => bucket.attempts > 0);
  const solid = all.filter((bucket) => bucket.attempts >= 30);
  const highest = niceTop(Math.max(0.01, ...solid.map((bucket) => Math.min(bucket.high, bucket.value * 2 + 0.01)),
    ...all.filter((bucket) => bucket.attempts >= 10).map((bucket) => bucket.value)));
  const y = axis({ min: 0, max: highest });
  y.ticks.callback = axisPercent;
  y.ticks.maxTicksLimit = 6;
  const x = axis({
    type: 'linear', min: -0.5, max: used.length - 0.5,
    title: { display: true, text: ageKinds[kind].axis, color: color('--soft') },
    afterBuildTicks: (scale) => { scale.ticks = labels.map((label, value) => ({ value })); }
  });
  x.ticks.callback = (value) => labels[value];
  x.ticks.autoSkip = false;
  x.ticks.font = { size: 11 };
  x.grid.display = false;
  return {
    type: 'line',
    data: {
      datasets: figures.regions.map((region, r) => {
        const buckets = used.map((b) => figures.ages[r][key][b]);
        const shift = (r - (count - 1) / 2) * Math.min(0.14, 0.7 / count);
        return {
          label: region, borderColor: regionColor(r), backgroundColor: regionColor(r), borderWidth: 1, borderDash: [2, 4],
          pointStyle: pointStyles[r % 8], pointRadius: 4, pointHitRadius: 10, clip: 8,
          pointBackgroundColor: buckets.map((bucket) => (bucket.value > highest ? color('--card') : regionColor(r))),
          data: buckets.map((bucket, i) => ({ x: i + shift, y: bucket.value === null ? null : Math.min(bucket.value, highest) })),
          whiskers: buckets.map((bucket) => (bucket.value === null ? null : [bucket.low, bucket.high])),
          buckets
        };
      })
    },
    options: options({
      interaction: { mode: 'nearest', intersect: false },
      scales: { x, y },
      plugins: {
        legend: legend(),
        tooltip: {
          callbacks: {
            title: (items) => items.length ? (kind === 'turns' ? 'turn ' : '') + items[0].dataset.buckets[items[0].dataIndex].label : '',
            label: (item) => {
              const bucket = item.dataset.buckets[item.dataIndex];
              return item.dataset.label + ': ' + percent(bucket.value) + ' (' + percent(bucket.low) + ' to ' + percent(bucket.high) +
                '), ' + bucket.failed + ' of ' + bucket.attempts;
            }
          }
        }
      }
    })
  };
}

// ---- percentile curves ---------------------------------------------------------------------------------------------------

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

// ---- all of them -----------------------------------------------------------------------------------------------------------

function chartOf(kind, region) {
  switch (kind) {
    case 'rate': return rateChart(region);
    case 'ttft': return ttftChart(region);
    case 'codes': return codesChart();
    case 'load': return loadChart(region);
    case 'amplification': return amplificationChart(region);
    case 'turns':
    case 'sockets':
    case 'contexts': return agesChart(kind);
    default: return curveChart(kind.slice('curve-'.length));
  }
}
