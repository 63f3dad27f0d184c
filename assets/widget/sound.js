// One short tone, made here; off until the visitor switches it on.

let context = null;

export function chime() {
  context ??= new AudioContext();
  context.resume();
  const tone = context.createOscillator();
  const volume = context.createGain();
  const at = context.currentTime;
  tone.frequency.value = 740;
  volume.gain.setValueAtTime(0.0001, at);
  volume.gain.exponentialRampToValueAtTime(0.1, at + 0.02);
  volume.gain.exponentialRampToValueAtTime(0.0001, at + 0.25);
  tone.connect(volume).connect(context.destination);
  tone.start(at);
  tone.stop(at + 0.26);
}
