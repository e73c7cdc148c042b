//! Readers for recorded CSI and RSSI, and the simulator.
