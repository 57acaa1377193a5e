'use strict';
// Puts everything together: reads the state that is part of the page, makes the panels, and shows the last step.

/** Unpacks what several panels need. */
function prepare(state) {
  if (state.format !== 1) throw new Error('this page reads format 1, the state has format ' + state.format);
  const { metrics, health } = state;
  const floats = (array) => Array.from(unpack(array));
  state.unpacked = {
    step: [...metrics.step],
    loss: floats(metrics.loss),
    mean: metrics.loss_mean ? floats(metrics.loss_mean) : runningMean(floats(metrics.loss)),
    lr: floats(metrics.lr),
    grad_norm: floats(metrics.grad_norm),
    tok_s: floats(metrics.tok_s),
    health: {
      step: health.step,
      weight_norm: unpack(health.weight_norm),
      grad_norm: unpack(health.grad_norm),
      update_ratio: unpack(health.update_ratio),
      update_ratio_meanabs: health.update_ratio_meanabs ? unpack(health.update_ratio_meanabs) : null,
    },
  };
  state.unpacked.bad = metrics.step.filter((_, i) => !Number.isFinite(state.unpacked.loss[i]));
  return state;
}

/** Exponential mean with decay 0.9, corrected for its start. */
function runningMean(values) {
  let sum = 0;
  let weights = 0;
  return values.map((value) => {
    if (!Number.isFinite(value)) return NaN;
    sum = 0.9 * sum + 0.1 * value;
    weights = 0.9 * weights + 0.1;
    return sum / weights;
  });
}

function start() {
  const state = prepare(JSON.parse(document.getElementById('state').textContent));
  document.documentElement.className = 'scripted';
  transport.build();
  const stage = (id) => document.getElementById(id);
  shown.panels = [
    new LossPanel(stage('loss')),
    new HealthPanel(stage('health')),
    new HistogramPanel(stage('histograms')),
    new WeightPanel(stage('weights')),
    new AttentionPanel(stage('attention')),
    new EmbeddingPanel(stage('embedding')),
  ];
  shown.take(state);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => shown.repaint());
  if (state.live) live.start();
}

start();
