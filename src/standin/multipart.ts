export interface UploadedFile { field: string; filename: string; type: string; bytes: Buffer }

/** Fields and files of a `multipart/form-data` body; parts that are damaged are left out. */
export function filesOf(body: Buffer, contentType: string): { fields: Record<string, string>; files: UploadedFile[] } {
  const boundary = /boundary=(?:"([^"]+)"|([^;\s]+))/.exec(contentType)
  const fields: Record<string, string> = {}, files: UploadedFile[] = []
  if (boundary === null) return { fields, files }
  const mark = Buffer.from(`--${boundary[1] ?? boundary[2]}`)
  for (let at = body.indexOf(mark); at >= 0;) {
    const next = body.indexOf(mark, at + mark.length)
    if (next < 0) break
    const part = body.subarray(at + mark.length + 2, next - 2), split = part.indexOf('\r\n\r\n')
    at = next
    if (split < 0) continue
    const head = part.subarray(0, split).toString('utf8'), bytes = part.subarray(split + 4)
    const field = /\bname="([^"]*)"/i.exec(head)?.[1], filename = /\bfilename="([^"]*)"/i.exec(head)?.[1]
    if (field === undefined) continue
    if (filename === undefined) fields[field] = bytes.toString('utf8')
    else files.push({ field, filename, type: /^content-type:\s*(.+)$/im.exec(head)?.[1]?.trim() ?? 'application/octet-stream', bytes: Buffer.from(bytes) })
  }
  return { fields, files }
}
