export type Webhook = 'mutate' | 'validate'

/** How one review ended: the worst that happened to it. `late`: its caller no longer waited, so it was not checked. */
export type ReviewResult = 'allowed' | 'changed' | 'denied' | 'fault' | 'malformed' | 'late'

/** What one rule did about one review. */
export type RuleOutcome = 'deny' | 'warn' | 'audit' | 'fix' | 'skip' | 'fault' | 'exempt'
