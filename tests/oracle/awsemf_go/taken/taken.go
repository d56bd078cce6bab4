// SPDX-License-Identifier: Apache-2.0

// Package taken is where the double of cwlogs leaves events for the program.
package taken

// Event is called with each event that the exporter hands over to be sent.
var Event func(group, stream string, timeMs int64, message string)
