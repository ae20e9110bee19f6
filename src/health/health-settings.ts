// How patient health is. The figures are the platform's contract; tests bring their own.

export interface HealthSettings {
  /** Failed checks in a row that make a running bot a failed one. */
  readonly checksToFail: number;
  readonly maxRestarts: number;
  /** Least time between two restarts of one bot, in ms. */
  readonly cooldownMs: number;
  /** Restarts are forgiven when the bot has been healthy for this long since the last one, in ms: a bot that comes up and
   * falls again within it would else be restarted for ever. */
  readonly forgiveMs: number;
}

export const HEALTH_SETTINGS: HealthSettings = {
  checksToFail: 3,
  maxRestarts: 3,
  cooldownMs: 60_000,
  forgiveMs: 600_000,
};
