self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', e => e.waitUntil(clients.claim()));
for (const kind of ['sync', 'periodicsync', 'activate'])
  self.addEventListener(kind, () => fetch(`http://${kind}.example/`).catch(() => 0));
self.addEventListener('fetch', () => fetch('http://fetched.example/', {mode: 'no-cors'}).catch(() => 0));
