/** A photo's data from its addresses: pictures to draw and the heatmap to cut. */
(function install(scope) {
  "use strict";
  const { crackdemo } = scope;

  /** Pictures are kept at no more pixels than this; heatmap and mask always at full size. */
  const PICTURE_PIXELS = 16e6;

  /** Pixels of a 16-bit image that are unpacked at once. */
  const STRIP_PIXELS = 2 ** 20;

  /** Stored colours as they are, whatever the screen's profile. @type {ImageBitmapOptions} */
  const EXACT = { colorSpaceConversion: "none", premultiplyAlpha: "none" };

  /**
   * @param {PhotoSource} source
   * @param {AbortSignal} signal
   * @returns {Promise<Photo>}
   * @throws {Error} with a sentence for the person
   */
  async function load(source, signal) {
    /** @param {string} url @param {string} what */
    const blob = (url, what) => fetchBlob(url, what, signal);
    const [heat, region, photo, reconstruction] = await Promise.all([
      blob(source.heatmapUrl, "heatmap"),
      source.regionUrl ? blob(source.regionUrl, "region of interest") : null,
      blob(source.photoUrl, "photo"),
      source.reconstructionUrl ? blob(source.reconstructionUrl, "reconstruction") : null,
    ]);
    const heatmap = await decode(heat, "heatmap", readHeatmap);
    const size = { width: heatmap.width, height: heatmap.height };
    const regionBitmap = region && (await decode(region, "region of interest", readRegion));
    if (
      regionBitmap &&
      (regionBitmap.width !== size.width || regionBitmap.height !== size.height)
    ) {
      throw new Error("The region of interest belongs to a photo of another size.");
    }
    /** @param {Blob} image */
    const toPicture = (image) => picture(image, size);
    const pictures = {
      photo: await decode(photo, "photo", toPicture),
      reconstruction: reconstruction
        ? await decode(reconstruction, "reconstruction", toPicture)
        : [],
      region: region ? await decode(region, "region of interest", toPicture) : [],
    };
    return {
      ...size,
      pictures,
      surface: {
        heatmap,
        peaks: crackdemo.bitmap.peaksOf(heatmap),
        region: regionBitmap || null,
        kernels: source.kernels,
      },
      levels: crackdemo.preview.levels(heatmap),
      close: () => {
        for (const image of Object.values(pictures).flat()) image.close();
      },
    };
  }

  /**
   * @param {string} url
   * @param {string} what
   * @param {AbortSignal} signal
   */
  async function fetchBlob(url, what, signal) {
    const response = await fetch(url, { signal }).catch((error) => {
      if (signal.aborted) throw error;
      throw new Error(`The ${what} did not arrive because the server cannot be reached.`);
    });
    if (!response.ok) {
      throw new Error(`The ${what} did not arrive: the server answered ${response.status}.`);
    }
    return response.blob();
  }

  /**
   * @template T
   * @param {Blob} blob
   * @param {string} what
   * @param {(blob: Blob) => Promise<T>} read
   */
  async function decode(blob, what, read) {
    try {
      return await read(blob);
    } catch {
      throw new Error(`The ${what} arrived damaged or is too large for this browser.`);
    }
  }

  /** @param {Blob} blob @returns {Promise<Heatmap>} */
  async function readHeatmap(blob) {
    const image = await createImageBitmap(blob, EXACT);
    const { width, height } = image;
    const data = new Uint16Array(width * height);
    for (const { rgba, offset } of strips(image)) crackdemo.mask.unpackHeat(rgba, data, offset);
    image.close();
    return { width, height, data };
  }

  /** @param {Blob} blob @returns {Promise<Bitmap>} */
  async function readRegion(blob) {
    const image = await createImageBitmap(blob, EXACT);
    const { width, height } = image;
    const bytes = new Uint8Array(width * height);
    for (const { rgba, offset } of strips(image)) {
      for (let i = 0; i < rgba.length; i += 4) bytes[offset + i / 4] = rgba[i] >> 7;
    }
    image.close();
    return crackdemo.bitmap.pack(width, height, bytes);
  }

  /**
   * The pixels of an image from top to bottom, a few rows at a time to spare memory.
   *
   * @param {ImageBitmap} image
   */
  function* strips(image) {
    const { width, height } = image;
    const rows = Math.max(1, Math.min(height, Math.floor(STRIP_PIXELS / width)));
    const context = new OffscreenCanvas(width, rows).getContext("2d", {
      alpha: false,
      willReadFrequently: true,
    });
    if (!context) throw new Error("This browser has no canvas of that size.");
    for (let y = 0; y < height; y += rows) {
      context.drawImage(image, 0, -y);
      const rgba = context.getImageData(0, 0, width, Math.min(rows, height - y)).data;
      yield { rgba, offset: y * width };
    }
  }

  /**
   * @param {Blob} blob
   * @param {Size} size
   * @returns {Promise<Picture>}
   */
  async function picture(blob, { width, height }) {
    const ratio = Math.min(1, Math.sqrt(PICTURE_PIXELS / (width * height)));
    let last = { width: Math.ceil(width * ratio), height: Math.ceil(height * ratio) };
    const sizes = [last];
    while (last.width * last.height > 5e5) {
      last = { width: Math.ceil(last.width / 2), height: Math.ceil(last.height / 2) };
      sizes.push(last);
    }
    /** @type {ImageBitmap[]} */
    const images = [];
    for (const { width: w, height: h } of sizes) {
      /** @type {ImageBitmapOptions} */
      const resized = { resizeWidth: w, resizeHeight: h, resizeQuality: "medium" };
      images.push(await createImageBitmap(images.at(-1) ?? blob, resized));
    }
    return images;
  }

  crackdemo.photo = { load };
})(globalThis);
