import type { Millis } from '../lib/units.ts'
import type { KubeletConfig, NodeReading, ReadingFailure, ReadingTarget } from '../model/node-reading.ts'

/** Receives kubelets' configurations as they arrive. */
export interface KubeletConfigSink {
  observeConfig(node: string, config: KubeletConfig): void
  observeConfigFailure(node: string, failure: ReadingFailure): void
}

/** Where the configurations of kubelets come from. */
export interface KubeletConfigs {
  /** Why no kubelet can be asked, in words; absent where they can. */
  readonly absence?: string
  /** Asks each target once and reports each answer to the sink. Never rejects. */
  read(targets: readonly ReadingTarget[], sink: KubeletConfigSink, signal: AbortSignal): Promise<void>
}

/** Receives node readings as they arrive. */
export interface ReadingSink {
  observeReading(reading: NodeReading): void
  /** Nothing could be read of the node; what was known of it before only gets older. */
  observeFailure(node: string, failure: ReadingFailure): void
}

export interface ReadOptions {
  readonly signal: AbortSignal
  /** The starts are spread over this span, so that a fleet is not asked in one burst. 0: as fast as allowed. */
  readonly spread: Millis
  /** There are other nodes than these targets, so what is remembered of those stays. */
  readonly isPart?: boolean
}

/** Where node readings come from. */
export interface NodeReadings {
  /**
   * Asks each target once and reports to the sink as answers arrive, one reading or failure per target. Resolves when all
   * have answered or failed, or the signal aborts; never rejects.
   */
  read(targets: readonly ReadingTarget[], sink: ReadingSink, options: ReadOptions): Promise<void>
}
