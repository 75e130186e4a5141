"""As much of WebDriver as is needed here, in plain Python."""

import base64
import json
import shutil
import subprocess
import time
import urllib.error
import urllib.request

ARGUMENTS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-sync",
    "--disable-component-update",
    "--disable-background-networking",
    "--no-first-run",
    "--hide-scrollbars",
)


class Browser:
    """Chromium, driven by a chromedriver of our own. Use it in a `with`."""

    def __init__(self, log):
        self.log = log

    def __enter__(self):
        # It takes a free port and says which.
        self.driver = subprocess.Popen(
            [shutil.which("chromedriver"), "--port=0"], stdout=subprocess.PIPE, stderr=self.log, text=True
        )
        try:
            self.begin()
        except BaseException:
            self.driver.terminate()
            raise
        return self

    def begin(self):
        for line in self.driver.stdout:
            if "successfully on port " in line:
                port = line.rsplit("on port ", 1)[1].strip().rstrip(".")
                break
        self.url = f"http://127.0.0.1:{port}/session"
        chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
        options = {"args": list(ARGUMENTS), "binary": chromium}
        wanted = {"goog:chromeOptions": options, "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"}}
        self.url += "/" + self.post("", {"capabilities": {"alwaysMatch": wanted}})["sessionId"]

    def __exit__(self, *_):
        try:
            self.send("DELETE", "", None)
        finally:
            self.driver.terminate()
            self.driver.wait()

    def send(self, method, path, body):
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, {"Content-Type": "application/json"}, method=method)
        try:
            # A proxy of the environment is none of its business.
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60) as answer:
                return json.load(answer)["value"]
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{method} {path}: {error.read().decode()}") from error

    def post(self, path, body):
        return self.send("POST", path, body)

    def cdp(self, command, **parameters):
        return self.post("/goog/cdp/execute", {"cmd": command, "params": parameters})

    def run(self, script):
        """The value of a script's `return`."""
        return self.post("/execute/sync", {"script": script, "args": []})

    def show(self, url, width, scheme, media="screen"):
        """Opens a page as so wide a screen shows it."""
        self.cdp("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.cdp("Emulation.setEmulatedMedia", media=media, features=features)
        self.logged()
        self.post("/url", {"url": url})

    def logged(self):
        """What the console said, and what was asked of any network, since the last time."""
        console = [entry["message"] for entry in self.post("/se/log", {"type": "browser"})]
        events = [json.loads(entry["message"])["message"] for entry in self.post("/se/log", {"type": "performance"})]
        asked = [event["params"] for event in events if event["method"] == "Network.requestWillBeSent"]
        return console, [request["request"]["url"] for request in asked]

    def picture(self, path):
        """The whole page as it is shown now."""
        size = self.cdp("Page.getLayoutMetrics")["cssContentSize"]
        clip = {"x": 0, "y": 0, "width": size["width"], "height": size["height"], "scale": 1}
        shot = self.cdp("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
        path.write_bytes(base64.b64decode(shot["data"]))

    def pdf(self, path):
        path.write_bytes(base64.b64decode(self.cdp("Page.printToPDF", printBackground=False)["data"]))
