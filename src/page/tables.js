// Tables: the figures of a chart below it, and tables that can be sorted.

// ---- the tables beside the charts --------------------------------------------------------------------------

function seriesRows(region, kind) {
  const d = series.regions[region];
  if (kind === 'amplification') {
    return [['time', 'attempts', 'attempts per interaction']].concat(
      series.start_ms.map((t, i) => [moment(t), d.attempts[i], fewDigits(d.amplification[i])]));
  }
  if (kind === 'rate') {
    return [['time', 'attempts', 'failed', 'failure rate', 'low', 'high', 'sessions open', 'in flight', 'arrivals per min']].concat(
      series.start_ms.map((t, i) => [moment(t), d.attempts[i], d.failed[i], percent(d.rate[i]), percent(d.low[i]), percent(d.high[i]),
        fewDigits(d.open[i]), fewDigits(d.flight[i]), fewDigits(d.arrivals[i])]));
  }
  return [['time', 'values', 'P50', 'P99', 'slowest']].concat(series.start_ms.map((t, i) =>
    [moment(t), d.n[i], duration(d.p50[i]), enough(d, i) ? duration(d.tail[i]) : d.n[i] ? 'n too small' : '-',
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

function codeRows() {
  const counts = figures.codes.map(codeCounts);
  const rows = [['time'].concat(figures.codes.map((entry) => entry.code))];
  series.start_ms.forEach((start, i) => {
    if (counts.some((of) => of[i] > 0)) rows.push([moment(start)].concat(counts.map((of) => of[i])));
  });
  return rows;
}

function ageRows(kind) {
  const rows = [[ageKinds[kind].axis, 'region', 'attempts', 'failed', 'failure rate', 'low', 'high']];
  for (const b of usedBuckets(kind)) {
    figures.ages.forEach((region) => {
      const bucket = region[bucketsOf(kind)][b];
      rows.push([bucket.label, region.name, bucket.attempts, bucket.failed, percent(bucket.value), percent(bucket.low),
        percent(bucket.high)]);
    });
  }
  return rows;
}

function rowsOf(kind, region) {
  switch (kind) {
    case 'rate':
    case 'amplification':
    case 'ttft': return seriesRows(region, kind);
    case 'codes': return codeRows();
    case 'turns':
    case 'sockets':
    case 'contexts': return ageRows(kind);
    default: return curveRows(kind.slice('curve-'.length));
  }
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
  makeSortable(table);
}

// ---- sorting -------------------------------------------------------------------------------------------------------------

const units = { 'ms': 1e-3, 's': 1, 'm': 60, 'min': 60, 'h': 3600, '%': 1 };

// What a cell sorts by: the number that it begins with, in its unit; Infinity for "infinite"; null when it has none.
function numberIn(text) {
  if (text === 'infinite') return Infinity;
  const match = /^(?:>= |\$)?(-?[\d,]*\.?\d+(?:e[-+]?\d+)?) ?(ms|s|min|m|h|%)?(?![\w:])/.exec(text);
  return match ? Number(match[1].replace(/,/g, '')) * (units[match[2]] || 1) : null;
}

function isNumeric(rows, column) {
  const texts = rows.map((row) => row.cells[column].textContent).filter((text) => text !== '-' && text !== '' && text !== 'n too small');
  return texts.length > 0 && texts.every((text) => numberIn(text) !== null);
}

function isSum(row) { return row.cells[0].textContent === 'all regions'; }

// Cells without a value stay at the end, whichever way it goes.
function sortBy(table, column, descending) {
  const body = table.tBodies[0];
  const rows = [...body.rows];
  const numeric = isNumeric(rows, column);
  const keyed = rows.filter((row) => !isSum(row)).map((row) => {
    const text = row.cells[column].textContent;
    return { row, text, number: numeric ? numberIn(text) : 0 };
  });
  keyed.sort((a, b) => {
    if (numeric && (a.number === null || b.number === null)) return (a.number === null) - (b.number === null);
    const order = numeric ? (a.number < b.number ? -1 : a.number > b.number ? 1 : 0) : a.text.localeCompare(b.text, 'en', { numeric: true });
    return descending ? -order : order;
  });
  body.append(...keyed.map((entry) => entry.row), ...rows.filter(isSum));
}

// The first press goes the way that is asked most: figures from the largest, text from A.
function pressed(table, th) {
  const column = th.cellIndex;
  const was = th.getAttribute('aria-sort');
  const first = isNumeric([...table.tBodies[0].rows], column) ? 'descending' : 'ascending';
  const next = was === null ? first : was === 'ascending' ? 'descending' : 'ascending';
  for (const other of th.parentElement.cells) other.removeAttribute('aria-sort');
  th.setAttribute('aria-sort', next);
  sortBy(table, column, next === 'descending');
}

function makeSortable(table) {
  if (!table.tHead || table.tBodies.length === 0 || table.tBodies[0].rows.length < 3) return;
  for (const th of table.tHead.rows[0].cells) {
    if (th.dataset.sort === 'no') continue;
    const button = document.createElement('button');
    button.type = 'button';
    button.append(...th.childNodes);
    button.addEventListener('click', () => pressed(table, th));
    th.replaceChildren(button);
  }
}
