// The hub in a shared worker: it lives as long as any tab does.
import { Hub } from './hub.js';

const ports = new Map();
const hub = new Hub((tab, message) => ports.get(tab)?.postMessage(message));

function leave(tab) {
  hub.hear({ tab, bye: true });
  ports.delete(tab);
}

self.onconnect = ({ ports: [port] }) => {
  port.onmessage = ({ data }) => {
    if (data.bye) { leave(data.tab); return; }
    if (!ports.has(data.tab)) navigator.locks?.request(data.tab, () => leave(data.tab)); // ours when the tab is gone
    ports.set(data.tab, port);
    hub.hear(data);
  };
};
