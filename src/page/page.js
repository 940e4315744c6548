// Puts the charts on the page, and draws them again when its colours change.

const charts = [];

Chart.register(advisories, whiskers);

function draw(canvas) {
  const kind = canvas.dataset.chart;
  if (['rate', 'ttft', 'codes', 'load', 'amplification'].includes(kind) && series.start_ms.length === 0) return;
  const region = canvas.dataset.under === 'codes' ? codesOf : Number(canvas.dataset.region);
  charts.push(new Chart(canvas, chartOf(kind, region)));
}

function drawAll() {
  while (charts.length > 0) charts.pop().destroy();
  Chart.defaults.font.family = getComputedStyle(document.body).fontFamily;
  document.querySelectorAll('canvas[data-chart]').forEach(draw);
}

function describeSteps() {
  const seconds = series.step_ms / 1000;
  const step = seconds % 3600 === 0 ? seconds / 3600 + ' h' : seconds % 60 === 0 ? seconds / 60 + ' min' : seconds + ' s';
  document.getElementById('steps').textContent = series.start_ms.length === 0 ? 'The run has no whole interval.' :
    'Each point stands for ' + step + '; times are ' + figures.zone.replace(/_/g, ' ') +
    '. A band is the 95% interval of the failure rate, and a cross marks figures that are not valid. ' +
    'The panels of a row share their scale.' +
    (loadKnown() ? ' Below each chart the load: sessions open and responses in flight on average, and arrivals on a scale of their own.' : '') +
    (figures.incidents.length > 0 ? ' Shaded: an incident.' : '') +
    (figures.holds.length > 0 ? ' Grey: the region was held back.' : '') +
    (figures.health.length > 0 ? ' Shaded: an advisory of Azure service health.' : '') +
    (series.regions.some((region) => region.rate.some(beyond)) ?
      ' A triangle at the top stands for a rate beyond the scale, out of few attempts.' : '');
}

// The table below a chart is made when it is first opened.
function fillWhenOpened(details) {
  const figure = details.parentElement;
  const canvas = figure.querySelector('canvas');
  details.addEventListener('toggle', () => {
    const box = details.querySelector('.scroll');
    if (!details.open || box.firstChild) return;
    fillTable(box, figure.querySelector('figcaption').textContent, rowsOf(canvas.dataset.chart, Number(canvas.dataset.region)));
  });
}

// Which region's failures the chart of codes shows.
function addPicker() {
  const place = document.querySelector('.pick');
  if (!place || figures.regions.length < 2) return;
  const label = document.createElement('label');
  const select = document.createElement('select');
  [['-1', 'all regions']].concat(figures.regions.map((region, r) => [String(r), region])).forEach(([value, text]) =>
    select.append(new Option(text, value)));
  select.addEventListener('change', () => {
    codesOf = Number(select.value);
    const figure = document.querySelector('canvas[data-chart=codes]').closest('figure');
    const box = figure.querySelector('details .scroll');
    figure.querySelectorAll('canvas').forEach((canvas) => {
      charts.splice(charts.indexOf(Chart.getChart(canvas)), 1)[0].destroy();
      draw(canvas);
    });
    box.replaceChildren();
    box.parentElement.open = false;
  });
  label.append('Region ', select);
  place.append(label);
}

// A folder that does not say how much was open has no load to draw.
if (!loadKnown()) document.querySelectorAll('.chart.load').forEach((element) => element.remove());
describeSteps();
addPicker();
document.querySelectorAll('figure details').forEach(fillWhenOpened);
document.querySelectorAll('main table').forEach((table) => { if (!table.closest('.matrix')) makeSortable(table); });
drawAll();
window.matchMedia('(prefers-color-scheme: dark)').addEventListener('change', drawAll);
window.addEventListener('beforeprint', () => { document.documentElement.classList.add('print'); drawAll(); });
window.addEventListener('afterprint', () => { document.documentElement.classList.remove('print'); drawAll(); });
