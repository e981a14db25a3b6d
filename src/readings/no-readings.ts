import type { ReadingFailure } from '../model/node-reading.ts'
import type { KubeletConfigs, NodeReadings } from '../ports/readings.ts'

/** Readings where there is nobody to ask: of every node it is told why. */
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
