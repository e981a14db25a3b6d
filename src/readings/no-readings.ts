import type { ReadingFailure } from '../model/node-reading.ts'
import type { KubeletConfigs, NodeReadings } from '../ports/readings.ts'

/** Readings without a source: every node fails with the same reason. */
export function noReadings(detail: string): NodeReadings {
  const failure: ReadingFailure = { reason: 'not-reported', detail }
  return {
    async read(targets, sink) {
      for (const { name } of targets) sink.observeFailure(name, failure)
    }
  }
}

/** The same of the configurations of kubelets. */
export function noConfigs(detail: string): KubeletConfigs {
  const failure: ReadingFailure = { reason: 'not-reported', detail }
  return {
    absence: detail,
    async read(targets, sink) {
      for (const { name } of targets) sink.observeConfigFailure(name, failure)
    }
  }
}
