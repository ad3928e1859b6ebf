import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { launchChromium } from "@tidegate/testkit";

/** Writes a picture as what the file's ending says. @throws TestkitError `chromium-missing`, for .png. */
export async function writePicture(path: string, svg: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  if (path.endsWith(".svg")) {
    await writeFile(path, svg);
    return;
  }
  const browser = await launchChromium();
  try {
    const page = await browser.newPage();
    await page.setContent(`<body style="margin:0">${svg}</body>`);
    await page.locator("svg").screenshot({ path });
  } finally {
    await browser.close();
  }
}
